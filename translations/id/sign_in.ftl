# Masuk.

sign-in = Masuk
sign-in-lead = Untuk petugas kota. Warga tidak perlu masuk.
login-label = Nama masuk
password-label = Kata sandi
sign-in-failed = Belum bisa masuk
sign-in-wrong = Nama masuk dan kata sandi tidak cocok.
sign-in-too_many = Terlalu banyak percobaan. Tunggu beberapa menit.
link-ready-title = Masuk dengan tautan
link-ready = Anda akan masuk sebagai { $position }. Tautan ini hanya berlaku sekali.
link-until = Berlaku sampai { $at }.
link-used-title = Tautan sudah dipakai
link-used = Setiap tautan hanya berlaku sekali. Minta tautan baru dari meja.
link-expired-title = Waktu tautan sudah habis
link-expired = Minta tautan baru dari meja.
link-unknown-title = Tautan tidak dikenal
link-unknown = Periksa apakah alamatnya lengkap, atau minta tautan baru.
link-other = Masuk dengan nama dan sandi
