# Kejadian di meja: keadaan, jam, satuan, protap, penggabungan.

incident-triaged = Dipilah
incident-duplicate = Digabung
incident-rejected = Bukan kejadian
incident-referred = Diteruskan
