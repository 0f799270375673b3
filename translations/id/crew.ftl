# Ponsel petugas lapangan.

crew-title = Tugas saya
crew-none = Tidak ada tugas
crew-none-next = Tugas baru tampil di sini.
crew-done-today = { $n } selesai hari ini
crew-dispatched = Baru
crew-acknowledged = Diterima
crew-on_scene = Di lokasi
crew-cleared = Selesai
crew-withdrawn = Ditarik
crew-directions = Arah
crew-no-place = Tempatnya tidak disebut.
crew-note = Dari meja:
crew-accept = Terima
crew-accept-hint = Meja melihat bahwa Anda berangkat.
crew-arrive = Tiba
crew-arrive-hint = Tekan saat sudah di lokasi.
crew-finish-title = Selesai di sini?
crew-finish-lead = Kirim foto sesudahnya, atau tulis alasannya.
crew-finish = Selesai
crew-reason = Catatan atau alasan
crew-reason-hint = Perlu jika tanpa foto. Dibaca pelapor.
crew-over-cleared = Tugas ini selesai.
crew-over-withdrawn = Tugas ini ditarik oleh meja.
crew-en_route = Di jalan
crew-transporting = Mengangkut
crew-at_facility = Di tujuan
