# Halaman wali kota: normal atau tidak, apa yang terlambat, dan milik siapa.
mayor-title = Keadaan kota
mayor-normal = Keadaan normal. Tidak ada alarm gawat, kejadian terbuka, atau laporan lewat batas.
mayor-normal-late = Keadaan normal, tetapi { $n } laporan lewat batas.
mayor-both = Tidak normal: { $alarms } alarm gawat dan { $incidents } kejadian belum terkendali.
mayor-alarms = Tidak normal: { $alarms } alarm gawat.
mayor-incidents = Tidak normal: { $incidents } kejadian belum terkendali.
mayor-overdue = { $n } laporan lewat batas
mayor-nobody = Belum ditugaskan ke dinas mana pun
mayor-crews = { $n ->
    [0] Belum ada tim yang bertugas
   *[other] { $n } tim bertugas
}
mayor-steps = { $n } langkah protap lewat: { $whose }
mayor-late-alarm = Lewat waktu
mayor-late-incident = Tanpa tim
