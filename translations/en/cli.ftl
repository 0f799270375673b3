# The command line of a node.

cli-failed = Failed: { $why }
cli-unforeseen = Something went wrong that was not foreseen. What is known about it:
cli-where = Say where the cities are: --data FOLDER, or a PostgreSQL database by --database-file FILE or $PENDOPO_DATABASE.
cli-not-postgres = The address of the database must begin with postgres://.
cli-no-database = The place of the cities does not answer.
cli-no-city = There is no city called { $city } here. "pendopo city list" shows which there are.
cli-no-cities = There are no cities here yet. "pendopo city new" makes one.
cli-city-does-not-open = The city { $city } does not open.
cli-cannot-read = { $file } cannot be read.
cli-cannot-write = { $file } cannot be written.

## The key of the node

cli-key-where = Say where the key of the node is: --key-file FILE or $PENDOPO_KEY_FILE.
cli-key-made = A new key was made: { $file }. Keep a copy of it in another place; without it nobody's name and no secret report can be read again.
cli-key-open = Others may read the key in { $file }. Take the right away from them: chmod 600.
cli-key-unreadable = { $file } is not a key: it must hold 64 hexadecimal digits.
cli-key-missing = There are cities here, but not their key: { $file } is missing. Put it back. If it is lost for good, put 64 hexadecimal digits of your own there; names and secret reports then stay unreadable.

## Serving

cli-serving = All cities: http://{ $address }
cli-serving-city = { $city }: http://{ $address }
cli-ending = Ending. What is under way is finished first.
cli-cannot-serve = The node cannot serve on { $address }.

## Demo

cli-demo-making = { $city } is being made …
cli-demo-made = { $city } is made: { $reports } reports, { $incidents } incidents.
cli-demo-not-made = { $city } could not be made.
cli-demo-city = { $city }: http://{ $below } or http://{ $own }, API key { $key }
cli-demo-sign-ins = Demo sign-ins, the same in each city (login, password, position):

## Cities

cli-bad-slug = "{ $city }" cannot be the short name of a city: 2 to 31 lower-case letters and digits, a letter first.
cli-bad-bbox = Give the box as --bbox WEST,SOUTH,EAST,NORTH in degrees.
cli-city-exists = There is a city called { $city } already.
cli-city-made = The city { $city } is made.
cli-city-not-made = The city { $city } could not be made.
cli-setup = Make a city on this page; the link is a secret and works until a city is made: { $link }
cli-city-areas = { $stored } areas taken, { $refused } refused.
cli-areas-taken = { $stored } of { $read } areas taken.
cli-areas-not-taken = No area of { $file } was taken.
cli-area-not_a_feature = { $count } refused: not a GeoJSON feature
cli-area-not_a_polygon = { $count } refused: not a Polygon or MultiPolygon
cli-area-missing_code = { $count } refused: no code (code, kode, id)
cli-area-missing_name = { $count } refused: no name (name, nama, NAME)
cli-area-duplicate_code = { $count } refused: the code stands in the file before
cli-area-text_too_long = { $count } refused: a text is too long
cli-area-open_ring = { $count } refused: a ring has fewer than four points or does not close
cli-area-outside_world = { $count } refused: a coordinate lies outside the world
cli-area-empty = { $count } refused: the outline encloses nothing

## Check

cli-sound = { $city }: sound
cli-problem = { $city }: { $problem }
cli-not-checked = { $city } could not be checked.

## Backup

cli-backed-up = { $city } is backed up into { $folder }: { $rows } rows, { $seconds } s. Keep its keys.db for 30 days at most, and the key file of the node elsewhere.
cli-backup-inside = A backup cannot stand among the cities: it would be taken for one. Choose another folder than { $folder }.
cli-backup-failed = The backup into { $folder } did not succeed. The folder must be a new one.
cli-no-backup = { $folder } holds no backup.
cli-backup-served = { $folder } is a city that a node serves, not a backup. Take a backup of it and restore that.
cli-restored = { $city } is restored from { $folder }: { $rows } rows, { $seconds } s. The node needs the key file that the city had.
cli-restore-failed = { $city } could not be restored.

## Import

cli-import-rows = { $rows } rows …
cli-import-account = { $read } rows read: { $stored } stored, { $refused } refused.
cli-import-failed = The import of { $file } ended early. What was stored stays; run it again to take the rest.
cli-row-not_utf8 = { $count } refused: not UTF-8 text
cli-row-broken_quoting = { $count } refused: a quotation mark does not close
cli-row-wrong_column_count = { $count } refused: another number of fields than the header
cli-row-missing_number = { $count } refused: no number, or not of digits
cli-row-duplicate_number = { $count } refused: the number is known already
cli-row-missing_type = { $count } refused: no type
cli-row-bad_open_date = { $count } refused: the opening date does not read
cli-row-bad_target_date = { $count } refused: the target date does not read
cli-row-bad_close_date = { $count } refused: the closing date does not read or does not fit the status
cli-row-closed_before_opened = { $count } refused: closed before it was opened
cli-row-unknown_status = { $count } refused: neither open nor closed
cli-row-bad_coordinates = { $count } refused: the coordinates do not read
cli-row-text_too_long = { $count } refused: a text is too long

## Sign-ins and keys

cli-sign-in-added = { $login } can sign in. This link works once, within a day, below the address of the city:
cli-sign-in-failed = The sign-in was not added.
cli-unknown-position = There is no such position. There are: { $positions }
cli-bad-password = The password must have at least 8 characters.
cli-api-key-added = Key for { $name }. It is shown this once:
cli-api-key-failed = The key was not added.

## Base map

cli-base-map-reading = { $polygons } polygons …
cli-base-map-built = { $file } is built: { $polygons } polygons in { $pieces } pieces, { $bytes } bytes.
cli-base-map-failed = The base map { $file } cannot be used.
cli-pmtiles-unusable = The tiles { $file } cannot be used.
cli-pmtiles-lacks = { $file } has no layers { $layers }: maps draw plain ground where they would be.
cli-no-contexts = The copies of NGSI-LD contexts cannot be read.

## Sources

cli-mqtt = Devices publish by MQTT: { $address }
cli-mqtt-taken = MQTT is not served: { $address } is taken. Say --mqtt ADDRESS or --mqtt off.
cli-bad-allow = { $file } does not read in line { $line }: write a host, an address or a network such as 10.0.0.0/8.
cli-mqtt-account-added = The account is there. User name { $user }, and this password, shown once:
cli-mqtt-account-failed = The account could not be made. Its name has letters, digits, - and _; a topic is a filter such as air/+/reading.
cli-mqtt-account-revoked = The account { $name } is taken away.
cli-no-source = There is nothing called { $name }.
cli-sources-not-taken = Nothing of { $file } was taken.
cli-sources-taken = Taken: { $mappings } mappings, { $brokers } brokers.
cli-bad-mapping = The mapping { $name } cannot be used.
cli-source-removed = { $name } is taken away.
cli-mapping = Mapping { $name }: { $topic } ({ $format }) becomes { $type }
cli-broker = Broker { $name }: { $address } { $filter }
cli-source = { $name }: last seen { $seen }, { $minute } a minute, { $received } received, { $late } late, { $refused } refused, { $quarantined } put aside, { $dropped } dropped
cli-quarantine-failed = The messages could not be tried again.
cli-replayed = { $count } taken up.
cli-aside-no_mapping = { $count } left: no mapping covers the topic
cli-aside-too_large = { $count } left: too large, and kept in part only
cli-aside-too_deep = { $count } left: nested too deep
cli-aside-malformed = { $count } left: not the format that the mapping says
cli-aside-no_value = { $count } left: a value is missing
cli-aside-bad_time = { $count } left: no time that can be meant
cli-aside-bad_place = { $count } left: no place on earth
cli-aside-bad_id = { $count } left: no id can be made
cli-aside-refused = { $count } left: the entity could not take it

## Replay
cli-replay-real-city = { $city } is a city with real data; its clock is not driven. Replay into a demo city: city new NAME --demo
cli-replay-served = Another process works for { $city }. End it first; the replay serves the city itself (--listen).
cli-replay-failed = The replay ended early. What was sent stays.
cli-replay-records = { $records } records, the city's clock stands at { $now } …
cli-replay-stays = All was sent. The city is served on; Ctrl-C ends it.
cli-replay-account = { $read } records read, { $sent } sent: { $accepted } accepted, { $refused } refused.
cli-replay-first-refusal = What the city said to the first one it refused: { $why }
cli-record-unreadable = { $count } are not text, not JSON or not the message they should be
cli-record-wrong_column_count = { $count } have more or fewer columns than the first line
cli-record-too_long = { $count } are too long
cli-record-missing_time = { $count } have no time and none before them to go by
cli-record-bad_time = { $count } have a time that cannot be read
cli-record-bad_value = { $count } have a value that is none
cli-record-bad_position = { $count } have no position on earth
cli-record-missing_name = { $count } have no id or no type
cli-record-missing_text = { $count } reports say nothing
cli-record-other_entry = { $count } are of a kind that is not replayed
cli-record-refused_by_city = { $count } were refused by the city
cli-record-not_delivered = { $count } got no answer, however often they were sent

cli-rules-not-taken = No rule of { $file } was taken.
cli-rules-taken = Taken: { $count } rules.
cli-bad-rule = The rule { $name } cannot be used.
cli-no-rule = There is no rule called { $name }.
cli-rule-removed = The rule { $name } was removed.
cli-alert-taken = { $file }: { $count } warnings taken in, { $known } known already.
cli-alert-refused = { $file } is no CAP warning that can be used.
cli-alert-not-taken = { $file } was not taken in.
cli-alert-feed-put = The feed { $name } is followed.
cli-alert-feed-not-put = The feed { $name } cannot be followed.
cli-alert-feed-removed = The feed { $name } is no longer followed.
cli-alert-no-feed = There is no feed called { $name }.
cli-alert-feed = { $name }: { $url }, every { $every } seconds, last read { $read }, { $failures } failures{ $problem }
cli-wall-added = Wall link for { $name }, below the address of the city. It is shown this once:
cli-wall-revoked = The link is revoked.
cli-wall-failed = The wall links were not changed.

## Blueprints
cli-blueprint-sound = { $name } { $version }: sound, { $objects } objects
cli-blueprint-problems = { $file } cannot be handed on yet ({ $count }):
cli-blueprint-no-tests = { $file } brings no tests.
cli-blueprint-test-passed = { $file }: passed, { $turns } turns as expected
cli-blueprint-test-failed = { $file }: failed
cli-blueprint-turn-missing = {"  "}expected, did not happen: { $turn }
cli-blueprint-turn-surplus = {"  "}happened, was not expected: { $turn }
cli-blueprint-packed = { $file } is written. SHA-256: { $digest }
cli-blueprint-key-made = New key { $number } for the city { $city }. Keep { $file } and a copy of it elsewhere; give { $public } to everyone.
cli-blueprint-signed = { $file } is written: { $city } stands for it until { $until }.
cli-blueprint-verified = { $city } stands for { $name } { $version } until { $until }. SHA-256: { $digest }

cli-problem-bad_id = {"  "}{ $place }: the id "{ $detail }" is not well formed.
cli-problem-bad_version = {"  "}{ $place }: "{ $detail }" is no version; write three numbers, such as 1.4.0.
cli-problem-bad_licence = {"  "}{ $place }: "{ $detail }" is no SPDX identifier of a licence.
cli-problem-missing_language = {"  "}{ $place }: the text is missing in one language ({ $detail }).
cli-problem-too_long = {"  "}{ $place }: longer than { $detail }.
cli-problem-too_many = {"  "}{ $place }: more than { $detail }.
cli-problem-too_deep = {"  "}{ $place }: values are nested too deep.
cli-problem-twice = {"  "}{ $place }: stands twice. { $detail }.
cli-problem-bad_path = {"  "}{ $place }: the file belongs at { $detail }.
cli-problem-missing_file = {"  "}{ $place }: there is no such file.
cli-problem-unknown_file = {"  "}{ $place }: the manifest does not name this file.
cli-problem-unreadable = {"  "}{ $place }: cannot be read ({ $detail }).
cli-problem-bad_object = {"  "}{ $place }: cannot be used ({ $detail }).
cli-problem-other_code = {"  "}{ $place }: the file says another code, "{ $detail }".
cli-problem-unknown_param = {"  "}{ $place }: there is no parameter called "{ $detail }" that can stand here.
cli-problem-unused_param = {"  "}{ $place }: nothing uses the parameter "{ $detail }".
cli-problem-bad_param = {"  "}{ $place }: the value of "{ $detail }" has another type or is out of bounds.
cli-problem-not_there = {"  "}{ $place }: refers to "{ $detail }", which is not there.
cli-problem-empty_requirement = {"  "}{ $place }: asks for nothing.
cli-problem-bad_legal_basis = {"  "}{ $place }: "{ $detail }" is no address of a regulation, or nothing rests on it.
cli-problem-bad_evidence = {"  "}{ $place }: the evidence for "{ $detail }" does not add up.
cli-problem-bad_origin = {"  "}{ $place }: "{ $detail }" is no city with version and digest.
cli-problem-bad_move = {"  "}{ $place }: "{ $detail }" cannot be renamed so.
cli-problem-bad_digest = {"  "}{ $place }: the file is not the one that was packed.

cli-package-not_an_archive = { $file } is no package of a blueprint.
cli-package-compressed = { $file } is compressed. Unpack it first; a package itself is not compressed.
cli-package-cut_off = { $file } is cut off. Fetch it again.
cli-package-damaged = { $file } is damaged. Fetch it again.
cli-package-climbs_out = { $file } wants to write outside its own folder. It was not opened.
cli-package-bad_path = { $file } holds a file name that is not allowed: letters, digits, - _ and . only.
cli-package-link = { $file }: links to other files are not allowed.
cli-package-not_a_file = { $file } holds something that is not a plain file.
cli-package-twice = { $file } holds the same file twice.
cli-package-too_many_files = { $file } holds too many files.
cli-package-too_large = { $file } is too large for a blueprint.
cli-package-not_canonical = { $file } was not packed with "pendopo blueprint pack", or was changed afterwards.

cli-signature-unreadable_key = This is no key of a city.
cli-signature-unreadable_signature = The signature cannot be read.
cli-signature-other_key = It was signed with another key.
cli-signature-altered = It was changed after it was signed.
cli-signature-expired = The signature has expired. Ask the city for a new one.
cli-signature-not_yet = The signature is of a day to come. Look whether the clock of this machine is right.
cli-signature-other_claim = The signature is about something else.
cli-signature-other_city = It belongs to another city, and only that city signs it.
cli-signature-bad_identity = Write the city as country and code, such as ID-21.72.
cli-signature-no_randomness = This machine gives no randomness now. Try again.
