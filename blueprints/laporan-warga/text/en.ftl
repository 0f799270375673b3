laporan-warga-siapkan = Name one desk that reads every report on the same working day, and one team for every service.
laporan-warga-janji = The city promises: verified in { $hari_verifikasi } working days, followed up in { $hari_tindak_lanjut }, and the reporter says whether it is done.
