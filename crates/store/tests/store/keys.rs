use pendopo_domain::reports::PersonId;
use pendopo_store::Kind;
use pendopo_store::{Location, MasterKey, Store};
use pendopo_testkit::{TestCity, both_databases};

use crate::raw::Raw;

both_databases! {
    async fn an_erased_person_has_no_key(city: TestCity) {
        let (keys, now, entropy) = (city.store.keys(), city.now(), city.entropy.as_ref());
        let key = keys.create(now, entropy).await.unwrap();
        let other = keys.create(now, entropy).await.unwrap();
        assert_eq!(key.person.0.len(), 32);
        assert_ne!(key.person, other.person);
        assert!(keys.open(&key.person).await.unwrap().is_some());
        assert!(keys.erase(&key.person).await.unwrap());
        assert!(!keys.erase(&key.person).await.unwrap());
        assert!(keys.open(&key.person).await.unwrap().is_none());
        assert!(keys.open(&other.person).await.unwrap().is_some());
        assert!(
            keys.open(&PersonId("nobody".into()))
                .await
                .unwrap()
                .is_none()
        );
    }

    async fn a_key_is_wrapped_by_the_city_and_opens_in_no_other(city: TestCity) {
        let key = city
            .store
            .keys()
            .create(city.now(), city.entropy.as_ref())
            .await
            .unwrap();
        let sealed = key
            .seal("identity/x", b"Siti", city.entropy.as_ref())
            .unwrap();
        let theirs = TestCity::MASTER.for_city("batam");
        let other = Store::open(city.location.clone(), theirs).await.unwrap();
        assert!(other.keys().open(&key.person).await.is_err());
        other.close().await;
        let again = city.another_node().await;
        let key = again.keys().open(&key.person).await.unwrap().unwrap();
        assert_eq!(key.open("identity/x", &sealed).unwrap(), b"Siti");
        again.close().await;
    }

    async fn a_signature_is_of_one_text_and_one_city(city: TestCity) {
        let keys = city.store.keys();
        let signature = keys.sign("L-1/1");
        assert!(keys.verify("L-1/1", &signature));
        assert!(!keys.verify("L-1/2", &signature));
        assert!(!keys.verify("L-1/1", &signature[..15]));
        assert!(!keys.verify("L-1/1", &[]));
        for at in 0..16 {
            let mut bent = signature;
            bent[at] ^= 128;
            assert!(!keys.verify("L-1/1", &bent));
        }
        let other = Store::open(city.location.clone(), MasterKey::new([8; 32]))
            .await
            .unwrap();
        assert!(!other.keys().verify("L-1/1", &signature));
        other.close().await;
    }
}

#[test]
fn an_erased_key_is_in_no_file_of_the_city() {
    pendopo_testkit::run(async {
        let city = TestCity::sqlite().await;
        let Location::Folder(folder) = &city.location else {
            panic!("a folder")
        };
        let keys = city.store.keys();
        let mut people = Vec::new();
        for _ in 0..50 {
            people.push(
                keys.create(city.now(), city.entropy.as_ref())
                    .await
                    .unwrap()
                    .person,
            );
        }
        let wrapped = Raw::open(&city.location, Kind::Keys)
            .await
            .bytes(&format!(
                "SELECT wrapped FROM person_keys WHERE person_id = '{}'",
                people[20].0
            ))
            .await;
        let holds = || {
            let files = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().path());
            files
                .filter(|file| {
                    let bytes = std::fs::read(file).unwrap();
                    bytes.windows(wrapped.len()).any(|part| part == wrapped)
                })
                .count()
        };
        assert!(holds() > 0);
        assert!(keys.erase(&people[20]).await.unwrap());
        assert_eq!(holds(), 0);
        assert!(keys.open(&people[21]).await.unwrap().is_some());
    });
}

#[test]
fn the_master_key_is_never_printed() {
    assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "****");
}
