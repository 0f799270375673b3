# Baris perintah sebuah simpul.

cli-failed = Gagal: { $why }
cli-unforeseen = Terjadi kesalahan yang tidak terduga. Yang diketahui:
cli-where = Sebutkan tempat kota disimpan: --data FOLDER, atau basis data PostgreSQL lewat --database-file FILE atau $PENDOPO_DATABASE.
cli-not-postgres = Alamat basis data harus diawali postgres://.
cli-no-database = Tempat penyimpanan kota tidak menjawab.
cli-no-city = Tidak ada kota bernama { $city } di sini. "pendopo city list" menampilkan yang ada.
cli-no-cities = Belum ada kota di sini. "pendopo city new" membuatnya.
cli-city-does-not-open = Kota { $city } tidak dapat dibuka.
cli-cannot-read = { $file } tidak dapat dibaca.
cli-cannot-write = { $file } tidak dapat ditulis.

## Kunci simpul

cli-key-where = Sebutkan tempat kunci simpul: --key-file FILE atau $PENDOPO_KEY_FILE.
cli-key-made = Kunci baru dibuat: { $file }. Simpan salinannya di tempat lain; tanpa kunci ini, nama pelapor dan laporan rahasia tidak dapat dibaca lagi.
cli-key-open = Orang lain dapat membaca kunci di { $file }. Cabut haknya: chmod 600.
cli-key-unreadable = { $file } bukan kunci: isinya harus 64 angka heksadesimal.
cli-key-missing = Ada kota di sini, tetapi kuncinya tidak ada: { $file } hilang. Kembalikan berkas itu. Jika benar-benar hilang, isi dengan 64 angka heksadesimal baru; nama dan laporan rahasia tetap tidak terbaca.

## Melayani

cli-serving = Semua kota: http://{ $address }
cli-serving-city = { $city }: http://{ $address }
cli-ending = Berhenti. Yang sedang berjalan diselesaikan dahulu.
cli-cannot-serve = Simpul tidak dapat melayani di { $address }.

## Demo

cli-demo-making = { $city } sedang dibuat …
cli-demo-made = { $city } selesai dibuat: { $reports } laporan, { $incidents } kejadian.
cli-demo-not-made = { $city } tidak dapat dibuat.
cli-demo-city = { $city }: http://{ $below } atau http://{ $own }, kunci API { $key }
cli-demo-sign-ins = Akun demo, sama di setiap kota (nama masuk, kata sandi, jabatan):

## Kota

cli-bad-slug = "{ $city }" tidak dapat menjadi nama pendek kota: 2 sampai 31 huruf kecil dan angka, diawali huruf.
cli-bad-bbox = Tuliskan batas peta sebagai --bbox BARAT,SELATAN,TIMUR,UTARA dalam derajat.
cli-city-exists = Kota bernama { $city } sudah ada.
cli-city-made = Kota { $city } selesai dibuat.
cli-city-not-made = Kota { $city } tidak dapat dibuat.
cli-setup = Buat kota di halaman ini; tautannya rahasia dan berlaku sampai satu kota dibuat: { $link }
cli-city-areas = { $stored } wilayah diterima, { $refused } ditolak.
cli-areas-taken = { $stored } dari { $read } wilayah diterima.
cli-areas-not-taken = Tidak ada wilayah dari { $file } yang diterima.
cli-area-not_a_feature = { $count } ditolak: bukan fitur GeoJSON
cli-area-not_a_polygon = { $count } ditolak: bukan Polygon atau MultiPolygon
cli-area-missing_code = { $count } ditolak: tanpa kode (code, kode, id)
cli-area-missing_name = { $count } ditolak: tanpa nama (name, nama, NAME)
cli-area-duplicate_code = { $count } ditolak: kodenya sudah ada di berkas ini
cli-area-text_too_long = { $count } ditolak: teks terlalu panjang
cli-area-open_ring = { $count } ditolak: garis batas kurang dari empat titik atau tidak tertutup
cli-area-outside_world = { $count } ditolak: koordinat di luar bumi
cli-area-empty = { $count } ditolak: garis batas tidak melingkupi apa pun

## Pemeriksaan

cli-sound = { $city }: baik
cli-problem = { $city }: { $problem }
cli-not-checked = { $city } tidak dapat diperiksa.

## Cadangan

cli-backed-up = { $city } dicadangkan ke { $folder }: { $rows } baris, { $seconds } detik. Simpan keys.db paling lama 30 hari, dan simpan berkas kunci simpul di tempat lain.
cli-backup-inside = Cadangan tidak boleh berada di antara kota: ia akan dianggap kota. Pilih folder lain, bukan { $folder }.
cli-backup-failed = Pencadangan ke { $folder } tidak berhasil. Folder harus baru.
cli-no-backup = { $folder } tidak berisi cadangan.
cli-backup-served = { $folder } adalah kota yang sedang dilayani sebuah simpul, bukan cadangan. Buat cadangannya dahulu, lalu pulihkan cadangan itu.
cli-restored = { $city } dipulihkan dari { $folder }: { $rows } baris, { $seconds } detik. Simpul memerlukan berkas kunci yang dahulu dipakai kota ini.
cli-restore-failed = { $city } tidak dapat dipulihkan.

## Impor

cli-import-rows = { $rows } baris …
cli-import-account = { $read } baris dibaca: { $stored } disimpan, { $refused } ditolak.
cli-import-failed = Impor { $file } berhenti sebelum selesai. Yang sudah disimpan tetap ada; jalankan lagi untuk sisanya.
cli-row-not_utf8 = { $count } ditolak: bukan teks UTF-8
cli-row-broken_quoting = { $count } ditolak: tanda kutip tidak ditutup
cli-row-wrong_column_count = { $count } ditolak: jumlah kolom berbeda dari baris judul
cli-row-missing_number = { $count } ditolak: tanpa nomor, atau nomornya bukan angka
cli-row-duplicate_number = { $count } ditolak: nomornya sudah ada
cli-row-missing_type = { $count } ditolak: tanpa jenis
cli-row-bad_open_date = { $count } ditolak: tanggal masuk tidak terbaca
cli-row-bad_target_date = { $count } ditolak: tanggal target tidak terbaca
cli-row-bad_close_date = { $count } ditolak: tanggal selesai tidak terbaca atau tidak sesuai statusnya
cli-row-closed_before_opened = { $count } ditolak: selesai sebelum masuk
cli-row-unknown_status = { $count } ditolak: statusnya bukan terbuka atau tertutup
cli-row-bad_coordinates = { $count } ditolak: koordinat tidak terbaca
cli-row-text_too_long = { $count } ditolak: teks terlalu panjang

## Akun dan kunci

cli-sign-in-added = { $login } dapat masuk. Tautan ini berlaku satu kali, dalam satu hari, di bawah alamat kota:
cli-sign-in-failed = Akun tidak ditambahkan.
cli-unknown-position = Jabatan itu tidak ada. Yang ada: { $positions }
cli-bad-password = Kata sandi paling sedikit 8 huruf atau angka.
cli-api-key-added = Kunci untuk { $name }. Hanya ditampilkan kali ini:
cli-api-key-failed = Kunci tidak ditambahkan.

## Peta dasar

cli-base-map-reading = { $polygons } poligon …
cli-base-map-built = { $file } selesai dibuat: { $polygons } poligon dalam { $pieces } potongan, { $bytes } bita.
cli-base-map-failed = Peta dasar { $file } tidak dapat dipakai.
cli-pmtiles-unusable = Ubin { $file } tidak dapat dipakai.
cli-pmtiles-lacks = { $file } tidak punya lapisan { $layers }: peta menggambar tanah polos di tempatnya.
cli-no-contexts = Salinan konteks NGSI-LD tidak dapat dibaca.

## Sumber data

cli-mqtt = Perangkat mengirim lewat MQTT: { $address }
cli-mqtt-taken = MQTT tidak dilayani: { $address } sudah dipakai. Tulis --mqtt ALAMAT atau --mqtt off.
cli-bad-allow = { $file } tidak terbaca pada baris { $line }: tulis nama host, alamat, atau jaringan seperti 10.0.0.0/8.
cli-mqtt-account-added = Akun sudah dibuat. Nama pengguna { $user }, dan kata sandi ini, ditampilkan sekali saja:
cli-mqtt-account-failed = Akun tidak dapat dibuat. Namanya terdiri atas huruf, angka, - dan _; topik adalah saringan seperti air/+/reading.
cli-mqtt-account-revoked = Akun { $name } sudah dicabut.
cli-no-source = Tidak ada yang bernama { $name }.
cli-sources-not-taken = Tidak ada isi { $file } yang diambil.
cli-sources-taken = Diambil: { $mappings } pemetaan, { $brokers } broker.
cli-bad-mapping = Pemetaan { $name } tidak dapat dipakai.
cli-source-removed = { $name } sudah dihapus.
cli-mapping = Pemetaan { $name }: { $topic } ({ $format }) menjadi { $type }
cli-broker = Broker { $name }: { $address } { $filter }
cli-source = { $name }: terakhir terlihat { $seen }, { $minute } per menit, { $received } diterima, { $late } terlambat, { $refused } ditolak, { $quarantined } disisihkan, { $dropped } dibuang
cli-quarantine-failed = Pesan-pesan itu tidak dapat dicoba lagi.
cli-replayed = { $count } berhasil diambil.
cli-aside-no_mapping = { $count } tersisa: tidak ada pemetaan untuk topiknya
cli-aside-too_large = { $count } tersisa: terlalu besar, dan hanya disimpan sebagian
cli-aside-too_deep = { $count } tersisa: bersarang terlalu dalam
cli-aside-malformed = { $count } tersisa: bukan format yang disebut pemetaan
cli-aside-no_value = { $count } tersisa: ada nilai yang kosong
cli-aside-bad_time = { $count } tersisa: waktunya tidak masuk akal
cli-aside-bad_place = { $count } tersisa: tempatnya tidak ada di bumi
cli-aside-bad_id = { $count } tersisa: id tidak dapat dibuat
cli-aside-refused = { $count } tersisa: entitas tidak dapat menerimanya

## Replay
cli-replay-real-city = { $city } adalah kota dengan data nyata; jamnya tidak diatur-atur. Putar ulang ke kota demo: city new NAMA --demo
cli-replay-served = Proses lain sedang melayani { $city }. Hentikan dulu; pemutaran ulang melayani kota itu sendiri (--listen).
cli-replay-failed = Pemutaran ulang berhenti sebelum selesai. Yang sudah terkirim tetap ada.
cli-replay-records = { $records } catatan, jam kota menunjukkan { $now } …
cli-replay-stays = Semua sudah terkirim. Kota tetap dilayani; Ctrl-C mengakhirinya.
cli-replay-account = { $read } catatan dibaca, { $sent } dikirim: { $accepted } diterima, { $refused } ditolak.
cli-replay-first-refusal = Jawaban kota untuk yang pertama ditolak: { $why }
cli-record-unreadable = { $count } bukan teks, bukan JSON, atau bukan pesan yang seharusnya
cli-record-wrong_column_count = { $count } kolomnya lebih atau kurang dari baris pertama
cli-record-too_long = { $count } terlalu panjang
cli-record-missing_time = { $count } tanpa waktu, dan tidak ada waktu sebelumnya untuk diikuti
cli-record-bad_time = { $count } waktunya tidak terbaca
cli-record-bad_value = { $count } nilainya bukan nilai
cli-record-bad_position = { $count } tanpa posisi di bumi
cli-record-missing_name = { $count } tanpa id atau tanpa jenis
cli-record-missing_text = { $count } laporan tidak berisi apa-apa
cli-record-other_entry = { $count } jenisnya tidak diputar ulang
cli-record-refused_by_city = { $count } ditolak oleh kota
cli-record-not_delivered = { $count } tidak dijawab, betapapun sering dikirim

cli-rules-not-taken = Tidak ada aturan dari { $file } yang diambil.
cli-rules-taken = Diambil: { $count } aturan.
cli-bad-rule = Aturan { $name } tidak dapat dipakai.
cli-no-rule = Tidak ada aturan bernama { $name }.
cli-rule-removed = Aturan { $name } sudah dihapus.
cli-alert-taken = { $file }: { $count } peringatan diterima, { $known } sudah dikenal.
cli-alert-refused = { $file } bukan peringatan CAP yang dapat dipakai.
cli-alert-not-taken = { $file } tidak diterima.
cli-alert-feed-put = Umpan { $name } diikuti.
cli-alert-feed-not-put = Umpan { $name } tidak dapat diikuti.
cli-alert-feed-removed = Umpan { $name } tidak diikuti lagi.
cli-alert-no-feed = Tidak ada umpan bernama { $name }.
cli-alert-feed = { $name }: { $url }, tiap { $every } detik, terakhir terbaca { $read }, gagal { $failures }{ $problem }
cli-wall-added = Tautan dinding untuk { $name }, di bawah alamat kota. Hanya ditampilkan kali ini:
cli-wall-revoked = Tautan dicabut.
cli-wall-failed = Tautan dinding tidak diubah.

## Cetak biru
cli-blueprint-sound = { $name } { $version }: baik, { $objects } objek
cli-blueprint-problems = { $file } belum dapat diserahkan ({ $count }):
cli-blueprint-no-tests = { $file } tidak membawa uji.
cli-blueprint-test-passed = { $file }: lulus, { $turns } perubahan sesuai harapan
cli-blueprint-test-failed = { $file }: tidak lulus
cli-blueprint-turn-missing = {"  "}diharapkan, tidak terjadi: { $turn }
cli-blueprint-turn-surplus = {"  "}terjadi, tidak diharapkan: { $turn }
cli-blueprint-packed = { $file } ditulis. SHA-256: { $digest }
cli-blueprint-key-made = Kunci baru { $number } untuk kota { $city }. Simpan { $file } dan salinannya di tempat lain; berikan { $public } kepada semua orang.
cli-blueprint-signed = { $file } ditulis: { $city } menjaminnya sampai { $until }.
cli-blueprint-verified = { $city } menjamin { $name } { $version } sampai { $until }. SHA-256: { $digest }

cli-problem-bad_id = {"  "}{ $place }: id "{ $detail }" tidak benar bentuknya.
cli-problem-bad_version = {"  "}{ $place }: "{ $detail }" bukan versi; tulis tiga angka, misalnya 1.4.0.
cli-problem-bad_licence = {"  "}{ $place }: "{ $detail }" bukan pengenal lisensi SPDX.
cli-problem-missing_language = {"  "}{ $place }: teks belum ada dalam satu bahasa ({ $detail }).
cli-problem-too_long = {"  "}{ $place }: lebih panjang dari { $detail }.
cli-problem-too_many = {"  "}{ $place }: lebih dari { $detail }.
cli-problem-too_deep = {"  "}{ $place }: nilai bersarang terlalu dalam.
cli-problem-twice = {"  "}{ $place }: tertulis dua kali. { $detail }.
cli-problem-bad_path = {"  "}{ $place }: tempat berkas ini adalah { $detail }.
cli-problem-missing_file = {"  "}{ $place }: berkas ini tidak ada.
cli-problem-unknown_file = {"  "}{ $place }: manifes tidak menyebut berkas ini.
cli-problem-unreadable = {"  "}{ $place }: tidak dapat dibaca ({ $detail }).
cli-problem-bad_object = {"  "}{ $place }: tidak dapat dipakai ({ $detail }).
cli-problem-other_code = {"  "}{ $place }: berkasnya memakai kode lain, "{ $detail }".
cli-problem-unknown_param = {"  "}{ $place }: tidak ada parameter "{ $detail }" yang dapat dipakai di sini.
cli-problem-unused_param = {"  "}{ $place }: parameter "{ $detail }" tidak dipakai.
cli-problem-bad_param = {"  "}{ $place }: nilai "{ $detail }" lain jenisnya atau di luar batas.
cli-problem-not_there = {"  "}{ $place }: menunjuk "{ $detail }" yang tidak ada.
cli-problem-empty_requirement = {"  "}{ $place }: tidak meminta apa pun.
cli-problem-bad_legal_basis = {"  "}{ $place }: "{ $detail }" bukan alamat peraturan, atau tidak ada yang bersandar padanya.
cli-problem-bad_evidence = {"  "}{ $place }: bukti untuk "{ $detail }" tidak masuk hitungan.
cli-problem-bad_origin = {"  "}{ $place }: "{ $detail }" bukan kota dengan versi dan sidik.
cli-problem-bad_move = {"  "}{ $place }: "{ $detail }" tidak dapat diganti nama begitu.
cli-problem-bad_digest = {"  "}{ $place }: berkas ini bukan yang dahulu dikemas.

cli-package-not_an_archive = { $file } bukan kemasan cetak biru.
cli-package-compressed = { $file } dimampatkan. Buka dahulu; kemasan sendiri tidak dimampatkan.
cli-package-cut_off = { $file } terpotong. Ambil sekali lagi.
cli-package-damaged = { $file } rusak. Ambil sekali lagi.
cli-package-climbs_out = { $file } hendak menulis di luar foldernya sendiri. Berkas ini tidak dibuka.
cli-package-bad_path = { $file } memuat nama berkas yang tidak boleh: hanya huruf, angka, - _ dan titik.
cli-package-link = { $file }: tautan ke berkas lain tidak boleh.
cli-package-not_a_file = { $file } memuat sesuatu yang bukan berkas biasa.
cli-package-twice = { $file } memuat berkas yang sama dua kali.
cli-package-too_many_files = { $file } memuat terlalu banyak berkas.
cli-package-too_large = { $file } terlalu besar untuk cetak biru.
cli-package-not_canonical = { $file } tidak dikemas dengan "pendopo blueprint pack", atau diubah sesudahnya.

cli-signature-unreadable_key = Ini bukan kunci kota.
cli-signature-unreadable_signature = Tanda tangan tidak dapat dibaca.
cli-signature-other_key = Ditandatangani dengan kunci lain.
cli-signature-altered = Isinya diubah sesudah ditandatangani.
cli-signature-expired = Tanda tangan sudah kedaluwarsa. Minta yang baru kepada kotanya.
cli-signature-not_yet = Tanda tangan bertanggal hari yang belum tiba. Periksa jam mesin ini.
cli-signature-other_claim = Tanda tangan ini tentang hal lain.
cli-signature-other_city = Milik kota lain, dan hanya kota itu yang menandatanganinya.
cli-signature-bad_identity = Tulis kota sebagai negara dan kode, misalnya ID-21.72.
cli-signature-no_randomness = Mesin ini belum memberi angka acak. Coba lagi.
