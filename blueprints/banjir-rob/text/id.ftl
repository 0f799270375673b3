banjir-rob-siapkan = Pasang satu pengukur di dermaga atau muara, dan tentukan ambangnya dari rob yang lalu: tinggi air ketika tempat terendah mulai tergenang.
banjir-rob-latih = Jalankan protap sekali tanpa air: siapa menutup pintu air, pompa mana yang berangkat, jalan mana yang ditutup lebih dahulu.
banjir-rob-nilai = Setelah tiga bulan, bandingkan alarm dengan kejadian. Alarm tanpa genangan: naikkan ambang dari { $ambang_cm } cm. Genangan tanpa alarm: turunkan.
