#!/usr/bin/env perl
# FixMyStreet's own client, unmodified, against a node: services, a definition, sending, reading back, errors, updates
# in both directions.
#
#   perl scripts/open311-clients/fixmystreet.pl FIXMYSTREET/perllib http://127.0.0.1:8081/open311/v2/ API_KEY
#
# The client loads parts of FixMyStreet (its database, its photos) that sending a report does not need. Empty modules of
# the same names stand in for those, so that the client itself runs as it is.
use strict;
use warnings;
use Test::More;

my ($perllib, $endpoint, $key);

BEGIN {
    ($perllib, $endpoint, $key) = @ARGV;
    die "usage: fixmystreet.pl PERLLIB ENDPOINT/ API_KEY\n" unless $key;
    for my $name (qw(FixMyStreet FixMyStreet::Cobrand FixMyStreet::DB Utils FixMyStreet::ImageMagick),
        'FixMyStreet::App::Model::PhotoSet') {
        (my $file = "$name.pm") =~ s{::}{/}g;
        $INC{$file} = __FILE__;
    }
    unshift @INC, $perllib;
}

sub FixMyStreet::DB::Result::Problem::fixed_states { return { map { $_ => 1 } 'fixed', 'fixed - user', 'fixed - council' } }
sub FixMyStreet::DB::Result::Problem::open_states  { return { map { $_ => 1 } 'confirmed', 'in progress' } }
sub FixMyStreet::config    { return }
sub FixMyStreet::test_mode { 1 }
sub Utils::truncate_coordinate { sprintf '%0.6f', $_[0] }

# A problem as FixMyStreet would hand it over; what the client asks and is not here is empty.
package Problem;
my %fields = (
    id => 1, name => 'Uji Coba', title => 'Lubang besar', detail => 'Dekat pasar & sekolah <ujung>',
    latitude => 0.9227282, longitude => 104.4481895, cobrand => 'x', used_map => 1, service => 'iOS',
    send_fail_count => 1,
);
our $AUTOLOAD;
sub new { my $class = shift; return bless {@_}, $class }
sub user { return Problem::User->new }
sub get_extra_fields { return [] }
sub AUTOLOAD { (my $name = $AUTOLOAD) =~ s/.*:://; return $_[0]{$name} // $fields{$name} }

package Problem::User;
sub new   { return bless {}, shift }
sub email { return 'uji@contoh.example' }
sub phone { return '0812' }

# An update that somebody wrote at FixMyStreet, and the body that it goes to.
package Comment;
sub new { my $class = shift; return bless {@_}, $class }
sub problem { return $_[0]{problem} }
sub user { return Problem::User->new }
sub get_cobrand_logged { return Cobrand->new }
sub get_extra_metadata { return {} }
sub confirmed { return DateTime->new(year => 2026, month => 11, day => 24, hour => 8, time_zone => 'Asia/Jakarta') }
our $AUTOLOAD;
sub AUTOLOAD { (my $name = $AUTOLOAD) =~ s/.*:://; return $_[0]{$name} }
sub DESTROY { }

package Cobrand;
sub new { return bless {}, shift }
sub call_hook { return }
sub base_url { return 'http://fms.example' }

package FixMyStreet::DB::Result::Body;
sub new { return bless {}, shift }
sub get_cobrand_handler { return }

package main;
require Open311;
require DateTime;

sub client { return Open311->new(endpoint => $endpoint, jurisdiction => '', @_) }
my $city = client(api_key => $key);

my $services = $city->get_service_list->{service};
ok(@$services > 10, 'services: ' . @$services);
my ($asking) = grep { $_->{metadata} eq 'true' } @$services;
my ($plain)  = grep { $_->{metadata} eq 'false' } @$services;
my $definition = $city->get_service_meta_info($asking->{service_code});
is($definition->{service_code}, $asking->{service_code}, 'definition of ' . $asking->{service_code});
is(ref $definition->{attributes}, 'ARRAY', 'its questions');

my $id = $city->send_service_request(Problem->new, { url => 'http://fms.example/1', image_url => 'http://fms.example/p.jpg' },
    $plain->{service_code});
ok($id, "sent as $id " . $city->error);
my $found = $city->get_service_requests({ report_ids => [$id] })->[0];
is($found->{service_request_id}, $id, 'read back');
like($found->{description}, qr/Dekat pasar & sekolah <ujung>/, 'its words are unharmed');
is($found->{status}, 'open', 'and it is open');
ok(!grep({ defined && /Uji|contoh\.example/ } values %$found), 'without a trace of the reporter');

{
    local $SIG{__WARN__} = sub { };
    my $stranger = client(api_key => 'wrong');
    is($stranger->send_service_request(Problem->new, { url => 'u' }, $plain->{service_code}), 0, 'a wrong key is refused');
    like($stranger->error, qr/403/, 'with 403');
    my $lost = client(api_key => $key);
    is($lost->send_service_request(Problem->new, { url => 'u' }, 'no-such'), 0, 'an unknown service is refused');
    like($lost->error, qr/404/, 'with 404');
}

my $updates = $city->get_service_request_updates;
ok((grep { $_->{service_request_id} eq $id } @$updates), 'updates: ' . @$updates . ', one of the new report');
my $sender = client(api_key => $key, extended_statuses => 1, multi_photos => 1, mark_reopen => 1,
    fixmystreet_body => FixMyStreet::DB::Result::Body->new);
my $mine = Problem->new(external_id => $id);
sub comment { return Comment->new(problem => $mine, name => 'Uji Coba', cobrand => 'x', @_) }
my $first = $sender->post_service_request_update(
    comment(id => "$$-1", text => 'Masih gelap & sepi <sekali>', problem_state => 'confirmed'));
ok($first, "update sent as $first " . $sender->error);
is($sender->post_service_request_update(comment(id => "$$-1", text => 'Masih gelap & sepi <sekali>', problem_state => 'confirmed')),
    $first, 'sent again it is the same');
my $second = $sender->post_service_request_update(comment(id => "$$-2", text => 'Sudah terang', problem_state => 'fixed - user',
    photo => 1, photos => [{ url_full => '/p.jpg' }, { url_full => '/q.jpg' }]));
ok($second && $second ne $first, "fixed, with two pictures, sent as $second");
my ($begin, $end) = map { DateTime::Format::W3CDTF->format_datetime(DateTime->now->add(hours => $_)) } -2, 1;
my %read = map { $_->{update_id} => $_ } @{ $sender->get_service_request_updates($begin, $end) };
is($read{$first}{service_request_id}, $id, 'the update is read back');
is($read{$first}{description}, 'Masih gelap & sepi <sekali>', 'its words are unharmed for its sender');
is($read{$second}{status}, 'unchanged', 'and no update of a reporter is a state of the city');
is($city->get_service_requests({ report_ids => [$id] })->[0]{status}, 'open', 'the report is open as before');
ok(!grep({ defined && /Uji|0812|contoh\.example/ } map { values %$_ } values %read), 'without a trace of who wrote');
{
    local $SIG{__WARN__} = sub { };
    my $stranger = client(api_key => 'wrong', fixmystreet_body => FixMyStreet::DB::Result::Body->new);
    is($stranger->post_service_request_update(comment(id => 1, text => 'x', problem_state => 'confirmed')), 0,
        'an update with a wrong key is refused');
    like($stranger->error, qr/403/, 'with 403');
    $mine = Problem->new(external_id => 'L-999999');
    is($sender->post_service_request_update(comment(id => 2, text => 'x', problem_state => 'confirmed')), 0,
        'an update on an unknown report is refused');
    like($sender->error, qr/404/, 'with 404');
}

my $several = client(api_key => $key, multi_photos => 1);
ok($several->send_service_request(Problem->new, { url => 'u', all_image_urls => ['http://a.example/1.jpg', 'http://a.example/2.jpg'] },
    $plain->{service_code}), 'several pictures');
done_testing;
