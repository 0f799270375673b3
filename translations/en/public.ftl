# What everyone may read: home, lists, map, one report.

home-title = Is there something to fix?
home-lead = Send a photo and the place. Three steps, no account. We keep you informed until you say it is done.
home-emergency = Emergency? Call <b>{ $phone }</b>, free, 24 hours.
make-report = Report a problem
another-report = Report another problem
report-number = Report number
look-up = Look up
map-label = Map of { $n } open reports; the same list is on the Reports page
map-of-report = Map: { $place }
open-count =
    { $n ->
        [one] 1 report is still open
       *[other] { $n } reports are still open
    }
see-as-list = See as a list
reports-some = { $count } reports
map-pin = Pin of the report's place; move it with the arrow keys
map-locate = Use my location
map-locate-failed = Your location could not be read. Tap the map or choose from the list.
map-outside = You are outside this city. Tap the map or choose from the list.
map-layers = What the map shows
map-zoom-in = Zoom in
map-zoom-out = Zoom out
map-ctrl = Hold Ctrl to zoom the map
map-fingers = Move the map with two fingers
see-on-map = See on the map
latest-title = Latest reports
all-reports = All reports
latest-none = No reports yet
latest-none-next = Reports appear here as they come in.
reports-title = Reports
reports-none = No reports yet
reports-none-found = Nothing matches
reports-none-found-next = Try another word or fewer filters.
last-report = Last report { $age } ago.
filters = Filters
filter-words = Words or number
filter-service = Service
filter-area = Area
filter-state = State
filter-team = Team
filter-all = All
filter-apply = Filter
filter-clear = Clear filters
map-title = Map of reports
map-secret-note = Secret reports are not on the map.
map-incidents = Open incidents
map-incidents-none = No incident is open.
map-incident-reports =
    { $n ->
        [one] 1 report
       *[other] { $n } reports
    }
map-no-script = The map needs scripts. It holds the same as the <a href="/laporan">list of reports</a>.
report-word = Report { $number }
secret-note = Secret report. Text, place and photo are only for those who handle it.
no-description = No description.
duplicate-of = Same as
fact-received = Received
fact-expected = Promised by
fact-team = Handled by
fact-area = Area
fact-joined = Other residents
fact-incident = Incident
fact-none-yet = nobody yet
joined-count = { $n } joined
joined-people =
    { $n ->
        [one] 1 person joined
       *[other] { $n } people joined
    }
joined-now = You joined this report. We count it as one more voice.
join-report = I have this problem too
join-hint = No name, no account.
