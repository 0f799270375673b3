# Pesan kesalahan antarmuka Open311 GeoReport v2. Dibaca oleh orang: singkat, jelas, sebutkan langkah berikutnya.

## Kunci, kota, layanan

open311-api-key-missing = Sertakan api_key untuk mengirim laporan. Cara mendapatkannya tertulis di dokumen discovery.
open311-api-key-unknown = api_key ini tidak berlaku. Periksa kembali, atau minta yang baru.
open311-jurisdiction-missing = Sebutkan kotanya dengan jurisdiction_id. Alamat ini melayani beberapa kota.
open311-jurisdiction-unknown = Kota dengan jurisdiction_id "{ $jurisdiction_id }" tidak dilayani di sini.
open311-service-code-missing = Sebutkan jenis laporan dengan service_code.
open311-service-unknown = Tidak ada layanan dengan service_code "{ $service_code }".
open311-definition-unknown = Layanan "{ $service_code }" tidak memiliki pertanyaan tambahan.
open311-request-unknown = Laporan "{ $service_request_id }" tidak ditemukan.
open311-token-unknown = Token ini tidak dikenal.
open311-format-unknown = Format ini tidak tersedia. Gunakan .xml atau .json.
open311-resource-unknown = Alamat ini tidak ada. Periksa ejaannya.
open311-internal = Terjadi kesalahan di pihak kami. Coba lagi, atau hubungi kami dengan nomor rujukan { $reference }.
open311-unavailable = Layanan sedang tidak tersedia. Coba lagi beberapa menit lagi.

## Formulir

open311-body-too-large = Kiriman terlalu besar. Batasnya { $max } bita.
open311-fields-too-many = Isian terlalu banyak. Batasnya { $max }.
open311-field-too-large = Isian "{ $field }" terlalu besar. Batasnya { $max } bita.
open311-not-utf8 = Isian "{ $field }" bukan teks UTF-8. Kirim ulang dalam UTF-8.
open311-field-too-long = Isian "{ $field }" terlalu panjang. Batasnya { $max } karakter.
open311-field-missing = Isian "{ $field }" harus ada.
open311-list-too-long = Daftar "{ $field }" terlalu panjang. Batasnya { $max }.
open311-description-too-long = Uraian terlalu panjang: { $count } karakter. Batasnya { $max }.
open311-location-missing = Sebutkan tempatnya: lat dan long, address_string, atau address_id.
open311-lat-without-long = Ada lat tanpa long. Kirim keduanya.
open311-long-without-lat = Ada long tanpa lat. Kirim keduanya.
open311-lat-invalid = Nilai lat "{ $value }" tidak benar. Gunakan derajat desimal antara -90 dan 90.
open311-long-invalid = Nilai long "{ $value }" tidak benar. Gunakan derajat desimal antara -180 dan 180.
open311-media-url-invalid = Alamat foto "{ $value }" tidak benar. Awali dengan https:// atau http://.

## Pencarian

open311-date-invalid = Waktu pada "{ $field }" tidak terbaca: "{ $value }". Contoh yang benar: 2026-01-31T08:00:00+07:00.
open311-dates-reversed = Waktu pada "{ $first }" harus lebih awal daripada "{ $last }".
open311-span-too-long = Rentang start_date sampai end_date paling lama { $max_days } hari.
open311-status-unknown = Status "{ $value }" tidak dikenal. Gunakan open, closed, atau keduanya.
open311-number-invalid = Angka pada "{ $field }" tidak benar: "{ $value }".
open311-bbox-invalid = Nilai bbox "{ $value }" tidak benar. Tulis barat,selatan,timur,utara dalam derajat desimal.
open311-radius-incomplete = Untuk mencari di sekitar suatu tempat, kirim lat, long, dan radius bersama-sama.
open311-radius-invalid = Nilai radius "{ $value }" tidak benar. Gunakan meter, lebih dari 0 sampai 200000.
open311-flag-invalid = Nilai "{ $value }" pada "{ $field }" tidak benar. Gunakan true atau false.

## Jawaban atas pertanyaan layanan

open311-attribute-required = Jawab pertanyaan ini: "{ $question }" (attribute[{ $code }]).
open311-attribute-single = Beri satu jawaban saja untuk "{ $question }" (attribute[{ $code }]).
open311-attribute-number = Jawaban untuk "{ $question }" (attribute[{ $code }]) harus berupa angka, misalnya 3.5.
open311-attribute-datetime = Jawaban untuk "{ $question }" (attribute[{ $code }]) harus berupa waktu, misalnya 2026-01-31T08:00:00+07:00.
open311-attribute-choice = "{ $value }" bukan pilihan untuk "{ $question }" (attribute[{ $code }]).
open311-update-status-unknown = Status kabar "{ $value }" tidak dikenal.
open311-update-id-used = update_id "{ $update_id }" sudah dipakai untuk laporan lain. Beri kabar ini update_id sendiri.
open311-update-files = Kabar tidak menerima berkas. Kirim alamat fotonya dengan media_url.

## Membaca daftar dari kota atau sistem lain

open311-xml-too-large = Dokumen terlalu besar. Batasnya { $max } bita.
open311-xml-not-utf8 = Dokumen bukan teks UTF-8.
open311-xml-doctype = Dokumen berisi DOCTYPE. Demi keamanan, dokumen seperti ini ditolak.
open311-xml-too-deep = Susunan dokumen terlalu dalam. Batasnya { $max } tingkat.
open311-xml-too-many-elements = Satu laporan berisi terlalu banyak bagian. Batasnya { $max }.
open311-xml-malformed = XML rusak di sekitar bita { $position }.
open311-xml-other-document = Dokumen ini bukan daftar laporan. Elemen pertamanya "{ $root }".
open311-xml-remote-error = Sistem di seberang menolak dengan kode { $code }: { $description }
open311-rows-too-many = Daftar terlalu panjang. Hanya { $max } laporan pertama yang dibaca.
open311-row-field-missing = Laporan ke-{ $row } dilewati: "{ $field }" tidak ada.
open311-row-field-invalid = Laporan ke-{ $row }: isi "{ $field }" tidak terbaca.
