-- A city from before these actions existed has them in none of its roles. Where no role has an action, those that the starter
-- data of today gives it to are given it. Where one has it, the city has chosen, and nothing changes. A new city has no
-- role yet when this runs.

UPDATE roles SET actions = REPLACE(actions, ']', ',"handle_alarm"]')
WHERE code IN ('operator', 'dispatcher') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"handle_alarm"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"manage_rules"]')
WHERE code IN ('it_staff') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"manage_rules"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"manage_units"]')
WHERE code IN ('dispatcher', 'it_staff') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"manage_units"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"see_alerts"]')
WHERE code IN ('operator', 'dispatcher', 'mayor', 'it_staff') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"see_alerts"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"write_alert"]')
WHERE code IN ('operator', 'dispatcher') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"write_alert"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"approve_alert"]')
WHERE code IN ('operator') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"approve_alert"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"manage_alert_feeds"]')
WHERE code IN ('it_staff') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"manage_alert_feeds"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"set_stage"]')
WHERE code IN ('operator') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"set_stage"%');

UPDATE roles SET actions = REPLACE(actions, ']', ',"manage_walls"]')
WHERE code IN ('it_staff') AND actions <> '[]'
    AND NOT EXISTS (SELECT 1 FROM roles AS any_role WHERE any_role.actions LIKE '%"manage_walls"%');
