banjir-rob-siapkan = Put one gauge at the quay or the river mouth, and find its level from past floods: where the water stood when the lowest place began to be under water.
banjir-rob-latih = Run the playbook once without water: who closes the gates, which pump goes, which road is closed first.
banjir-rob-nilai = After three months compare alarms with incidents. Alarms without water in the streets: raise the level from { $ambang_cm } cm. Water without an alarm: lower it.
