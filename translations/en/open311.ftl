# Error messages of the Open311 GeoReport v2 interface. People read them: short, plain, with the next step.

## Keys, cities, services

open311-api-key-missing = Send an api_key with your report. The discovery document says how to get one.
open311-api-key-unknown = This api_key is not valid. Check it, or ask for a new one.
open311-jurisdiction-missing = Name the city with jurisdiction_id. This address serves several cities.
open311-jurisdiction-unknown = No city with the jurisdiction_id "{ $jurisdiction_id }" is served here.
open311-service-code-missing = Say what kind of report it is with service_code.
open311-service-unknown = There is no service with the service_code "{ $service_code }".
open311-definition-unknown = The service "{ $service_code }" asks no further questions.
open311-request-unknown = The report "{ $service_request_id }" was not found.
open311-token-unknown = This token is not known.
open311-format-unknown = This format is not available. Use .xml or .json.
open311-resource-unknown = There is nothing at this address. Check the spelling.
open311-internal = Something went wrong on our side. Try again, or contact us with the reference { $reference }.
open311-unavailable = The service is not available right now. Try again in a few minutes.

## Forms

open311-body-too-large = What you sent is too large. The limit is { $max } bytes.
open311-fields-too-many = There are too many fields. The limit is { $max }.
open311-field-too-large = The field "{ $field }" is too large. The limit is { $max } bytes.
open311-not-utf8 = The field "{ $field }" is not UTF-8 text. Send it again in UTF-8.
open311-field-too-long = The field "{ $field }" is too long. The limit is { $max } characters.
open311-field-missing = The field "{ $field }" is needed.
open311-list-too-long = The list "{ $field }" is too long. The limit is { $max }.
open311-description-too-long = The description is too long: { $count } characters. The limit is { $max }.
open311-location-missing = Say where it is: lat and long, address_string or address_id.
open311-lat-without-long = There is a lat but no long. Send both.
open311-long-without-lat = There is a long but no lat. Send both.
open311-lat-invalid = The lat "{ $value }" is not valid. Use decimal degrees between -90 and 90.
open311-long-invalid = The long "{ $value }" is not valid. Use decimal degrees between -180 and 180.
open311-media-url-invalid = The picture address "{ $value }" is not valid. Begin it with https:// or http://.

## Searches

open311-date-invalid = The time in "{ $field }" cannot be read: "{ $value }". A valid one looks like 2026-01-31T08:00:00+07:00.
open311-dates-reversed = The time in "{ $first }" must be before "{ $last }".
open311-span-too-long = From start_date to end_date may be at most { $max_days } days.
open311-status-unknown = The status "{ $value }" is not known. Use open, closed or both.
open311-number-invalid = The number in "{ $field }" is not valid: "{ $value }".
open311-bbox-invalid = The bbox "{ $value }" is not valid. Write west,south,east,north in decimal degrees.
open311-radius-incomplete = To search around a place, send lat, long and radius together.
open311-radius-invalid = The radius "{ $value }" is not valid. Use metres, more than 0 and up to 200000.
open311-flag-invalid = The value "{ $value }" in "{ $field }" is not valid. Use true or false.

## Answers to a service's questions

open311-attribute-required = Answer this question: "{ $question }" (attribute[{ $code }]).
open311-attribute-single = Give only one answer to "{ $question }" (attribute[{ $code }]).
open311-attribute-number = The answer to "{ $question }" (attribute[{ $code }]) must be a number, such as 3.5.
open311-attribute-datetime = The answer to "{ $question }" (attribute[{ $code }]) must be a time, such as 2026-01-31T08:00:00+07:00.
open311-attribute-choice = "{ $value }" is not one of the choices for "{ $question }" (attribute[{ $code }]).
open311-update-status-unknown = The update status "{ $value }" is not known.
open311-update-id-used = The update_id "{ $update_id }" was already used for another report. Give this update an update_id of its own.
open311-update-files = An update takes no files. Send the addresses of its photos as media_url.

## Reading lists of other cities and systems

open311-xml-too-large = The document is too large. The limit is { $max } bytes.
open311-xml-not-utf8 = The document is not UTF-8 text.
open311-xml-doctype = The document contains a DOCTYPE. Such documents are refused for safety.
open311-xml-too-deep = The document is nested too deep. The limit is { $max } levels.
open311-xml-too-many-elements = One report has too many parts. The limit is { $max }.
open311-xml-malformed = The XML is broken near byte { $position }.
open311-xml-other-document = This document is not a list of reports. Its first element is "{ $root }".
open311-xml-remote-error = The other system refused with the code { $code }: { $description }
open311-rows-too-many = The list is too long. Only the first { $max } reports were read.
open311-row-field-missing = Report { $row } was left out: "{ $field }" is missing.
open311-row-field-invalid = Report { $row }: "{ $field }" cannot be read.
