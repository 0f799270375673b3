# Kalimat untuk sistem lain (Open311) yang dibaca orang.

open311-contact = Hubungi { $city } lewat halaman depannya.
open311-key-service = Minta kunci (api_key) kepada pengelola TI { $city }.
open311-notice = Laporan diterima. Ikuti dan jawab di { $url }
open311-test-notice = Percobaan: semua diperiksa, tidak ada yang disimpan.
open311-not-a-form = Kirim sebagai formulir: application/x-www-form-urlencoded atau multipart/form-data.
open311-input-missing = { $field }: wajib diisi.
open311-input-too-short = { $field }: paling sedikit { $limit } huruf.
open311-input-too-long = { $field }: paling banyak { $limit } huruf.
open311-input-unknown = { $field }: tidak dikenal.
open311-input-outside-city = Tempat itu di luar kota ini.
open311-input-not-a-picture = Berkas itu bukan foto JPEG, PNG, atau WebP.
open311-input-too-many-bytes = Foto terlalu besar. Paling besar { $limit } bita.
open311-input-too-many-pixels = Foto terlalu besar. Paling banyak { $limit } piksel.
open311-input-too-many = { $field }: paling banyak { $limit }.
