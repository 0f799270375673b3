//! Who watches a city live, counted: each follower holds a connection and is told of every change.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of one kind of followers of a city.
#[derive(Debug)]
pub struct Followers {
    most: usize,
    most_of_one: usize,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A follower's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    held: Arc<Mutex<Held>>,
    from: IpAddr,
}

impl Followers {
    /// Room for `most` at once, `most_of_one` of them from one address.
    pub fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            most,
            most_of_one,
            held: Arc::default(),
        }
    }

    /// A place for someone at `from`; `None` when all are taken.
    pub fn place(&self, from: IpAddr) -> Option<Place> {
        let from = household(from);
        let mut held = lock(&self.held);
        let of = held.of.get(&from).copied().unwrap_or_default();
        if held.all >= self.most || of >= self.most_of_one {
            return None;
        }
        held.all += 1;
        held.of.insert(from, of + 1);
        Some(Place {
            held: Arc::clone(&self.held),
            from,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.all = held.all.saturating_sub(1);
        let left = held.of.get_mut(&self.from).map_or(0, |of| {
            *of = of.saturating_sub(1);
            *of
        });
        if left == 0 {
            held.of.remove(&self.from);
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection gets 2^64 addresses of IPv6 to itself (RFC 6177 §2), so its first half says whose it is.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_in_all_and_for_one_address_and_are_free_at_once() {
        let followers = Followers::new(3, 2);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = followers.place(at("2001:db8::1")).unwrap();
        let _second = followers.place(at("2001:db8::2:1")).unwrap();
        assert!(
            followers.place(at("2001:db8::3")).is_none(),
            "one household"
        );
        let _third = followers.place(at("::ffff:192.0.2.1")).unwrap();
        assert!(
            followers.place(at("192.0.2.2")).is_none(),
            "the city is full"
        );
        drop(first);
        let other = followers.place(at("192.0.2.1")).unwrap();
        drop(other);
        assert!(followers.place(at("2001:db8::3")).is_some());
        assert_eq!(lock(&followers.held).of.len(), 2, "who left is forgotten");
    }
}
