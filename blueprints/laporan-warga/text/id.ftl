laporan-warga-siapkan = Tetapkan satu admin yang membaca setiap laporan pada hari kerja yang sama, dan satu tim untuk setiap layanan.
laporan-warga-janji = Kota berjanji: diperiksa dalam { $hari_verifikasi } hari kerja, ditindaklanjuti dalam { $hari_tindak_lanjut } hari kerja, dan pelapor yang menyatakan selesai.
