# Sentences for other systems (Open311) that people read.

open311-contact = Reach { $city } through its front page.
open311-key-service = Ask the IT staff of { $city } for a key (api_key).
open311-notice = Report received. Follow it and answer at { $url }
open311-test-notice = A trial: everything was checked, nothing was stored.
open311-not-a-form = Send it as a form: application/x-www-form-urlencoded or multipart/form-data.
open311-input-missing = { $field }: must be given.
open311-input-too-short = { $field }: at least { $limit } characters.
open311-input-too-long = { $field }: at most { $limit } characters.
open311-input-unknown = { $field }: not known.
open311-input-outside-city = That place is outside this city.
open311-input-not-a-picture = That file is not a JPEG, PNG or WebP photo.
open311-input-too-many-bytes = The photo is too large. The limit is { $limit } bytes.
open311-input-too-many-pixels = The photo is too large. The limit is { $limit } pixels.
open311-input-too-many = { $field }: at most { $limit }.
