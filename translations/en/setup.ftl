# The first page: making a city.
setup-title = Make your city
setup-lead = Fill in what you know; all of it can be changed later. After this, residents can report at once.
setup-part-city = City
setup-part-areas = Areas
setup-part-people = People
setup-name = Name of the city
setup-name-hint = As in official letters: Kota Surakarta.
setup-slug = Short name
setup-slug-hint = Becomes the address of the city: lower-case letters and digits only, such as surakarta.
setup-code = Official code
setup-code-hint = The code of the ministry, such as 33.72. Other cities know yours by it.
setup-province = Province
setup-country = Country
setup-country-hint = Two letters, such as ID. Decides the holidays.
setup-zone = Time zone
setup-zone-hint = Asia/Jakarta for WIB, Asia/Makassar for WITA, Asia/Jayapura for WIT.
setup-phone = Emergency number
setup-phone-hint = Shown where a life may be in danger, such as 112.
setup-domain = Web domain of the city
setup-domain-hint = Without www, such as surakarta.go.id. May be filled in later.
setup-areas = File of areas (GeoJSON)
setup-areas-hint = A FeatureCollection of districts or villages with codes and names. The map opens around them.
setup-administrator = Sign-in name of the administrator
setup-administrator-hint = Looks after sign-ins, services and areas. The link to sign in comes after this.
setup-people = File of sign-ins (CSV)
setup-people-hint = First line: login,position. Then a line for each person, such as sari,operator-meja.
setup-make = Make the city
setup-starter = Services, teams, roles, positions and playbooks for an Indonesian city to begin with are included.
setup-done-title = { $city } is ready
setup-done-areas = { $n ->
    [0] The city is made. It has no areas yet; they can be added later.
    [one] The city is made with { $n } area.
   *[other] The city is made with { $n } areas.
}
setup-done-refused = { $n ->
    [one] { $n } area was refused.
   *[other] { $n } areas were refused.
}
setup-done-refused-next = Most often the code or the name is missing. Mend the file and run "pendopo city areas import".
setup-done-links = Links to sign in
setup-done-links-hint = Each works once, within a day, and is shown here only. Send it to the person, not to a group.
setup-done-next = The first report
setup-done-report = Open the page of the city, press Report and send one. The operator sees it at the desk.
setup-done-open = Open { $city }
setup-wrong-slug = A short name has 2 to 31 lower-case letters and digits, a letter first.
setup-wrong-slug-taken = There is a city called { $city } already.
setup-wrong-name = Write the name of the city, 80 characters at most.
setup-wrong-long = 80 characters at most.
setup-wrong-zone = This time zone is not known. Write one such as Asia/Jakarta.
setup-wrong-country = There are no holidays for this country yet. There are: ID and US.
setup-wrong-bbox = Without areas the map does not know where the city is. Choose a file of areas.
setup-wrong-base-map = The coast could not be made for these areas.
setup-wrong-areas = The file of areas does not read: it has to be a GeoJSON FeatureCollection of polygons with codes and names.
setup-wrong-administrator = A sign-in name has 2 to 80 letters, digits, points or dashes.
setup-wrong-people = Line { $line } of the file of sign-ins cannot be used: it needs login,position with a position that is there.
setup-wrong-people-twice = Line { $line } of the file of sign-ins has a sign-in name that is there already.
setup-wrong-people-many = The file of sign-ins is too long: 1,000 people at most.
