//! Packets of MQTT 3.1.1 and 5 as one kind, and the bytes of a connection.
//!
//! Reads and writes through the codec of rmqtt; what the node does with a packet is decided elsewhere.

use std::num::NonZeroU16;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use pendopo_operations::limits;
use rmqtt_codec::error::DecodeError;
use rmqtt_codec::types::{Publish, QoS};
use rmqtt_codec::v5::{self, DisconnectReasonCode as Code, ToReasonCode};
use rmqtt_codec::version::{ProtocolVersion, VersionCodec};
use rmqtt_codec::{MqttCodec, MqttPacket, v3};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::{Decoder, Encoder};

/// Bytes of a CONNECT: nobody is known yet, so nobody is given room for a message.
const CONNECT_BYTES: u32 = 16 * 1024;
/// Room for one read; every idle connection holds it.
const READ_BYTES: usize = 4 * 1024;
/// A client that does not take its answers for so long is let go.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Messages that a client of version 5 may have unanswered.
pub const RECEIVE_MAXIMUM: NonZeroU16 = NonZeroU16::new(256).unwrap();

/// What a client says first.
pub struct Hello {
    pub client_id: String,
    pub user: String,
    pub password: Bytes,
    /// Forget what is left of the client's last connection.
    pub clean_start: bool,
    /// How long to remember the client afterwards, in seconds; `None` is for ever.
    pub remembered_s: Option<u32>,
    /// 0 for none.
    pub keep_alive_s: u16,
    /// Topic and body of what to say when the client is lost.
    pub will: Option<(String, Bytes)>,
}

/// How a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Quality of service 0.
    None,
    /// PUBACK.
    Acknowledged(NonZeroU16),
    /// PUBREC.
    Received(NonZeroU16),
}

/// What a client says.
pub enum Packet {
    Connect(Box<Hello>),
    Publish {
        topic: String,
        body: Bytes,
        answer: Answer,
    },
    /// PUBREL.
    Release(NonZeroU16),
    Subscribe(NonZeroU16, usize),
    Unsubscribe(NonZeroU16, usize),
    Ping,
    /// Whether the will is taken back.
    Disconnect {
        without_will: bool,
    },
    /// Something that a client has no reason to send.
    Unexpected,
}

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    Closed,
    /// What version 5 tells the client.
    Packet(Code),
}

impl From<DecodeError> for Broken {
    fn from(error: DecodeError) -> Self {
        Self::Packet(error.to_reason_code())
    }
}

/// One connection.
pub struct Wire {
    stream: TcpStream,
    codec: MqttCodec,
    input: BytesMut,
    output: BytesMut,
}

impl Wire {
    pub fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            codec: MqttCodec::Version(VersionCodec),
            input: BytesMut::new(),
            output: BytesMut::new(),
        }
    }

    /// Whether the client speaks version 5.
    pub fn is_v5(&self) -> bool {
        matches!(self.codec, MqttCodec::V5(_))
    }

    /// The next packet of what was read; `None` when that is not a whole one.
    pub fn decode(&mut self) -> Result<Option<Packet>, Broken> {
        if matches!(self.codec, MqttCodec::Version(_)) {
            match self.codec.decode(&mut self.input)? {
                Some((MqttPacket::Version(ProtocolVersion::MQTT3), _)) => {
                    self.codec = MqttCodec::V3(v3::Codec::new(CONNECT_BYTES));
                }
                Some((MqttPacket::Version(ProtocolVersion::MQTT5), _)) => {
                    self.codec = MqttCodec::V5(v5::Codec::new(CONNECT_BYTES, 0));
                }
                _ => return Ok(None),
            }
        }
        Ok(match self.codec.decode(&mut self.input)? {
            Some((MqttPacket::V3(packet), _)) => Some(from_v3(packet)),
            Some((MqttPacket::V5(packet), _)) => Some(from_v5(packet)?),
            _ => None,
        })
    }

    /// Gives room for messages, now that the client is known.
    pub fn welcome(&mut self) {
        match &mut self.codec {
            MqttCodec::V3(codec) => codec.set_max_size(limits::MQTT_PACKET_BYTES),
            MqttCodec::V5(codec) => codec.set_max_inbound_size(limits::MQTT_PACKET_BYTES),
            MqttCodec::Version(_) => {}
        }
    }

    /// Waits for more bytes. Safe to drop: what has not arrived is read the next time.
    pub async fn read(&mut self) -> Result<(), Broken> {
        self.input.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.input).await {
            Ok(0) | Err(_) => Err(Broken::Closed),
            Ok(_) => Ok(()),
        }
    }

    /// Sends what was put out.
    pub async fn flush(&mut self) -> Result<(), Broken> {
        if self.output.is_empty() {
            return Ok(());
        }
        let sent = tokio::time::timeout(WRITE_TIMEOUT, self.stream.write_all(&self.output)).await;
        self.output.clear();
        match sent {
            Ok(Ok(())) => Ok(()),
            _ => Err(Broken::Closed),
        }
    }

    /// Says that this side ends; what was sent still arrives.
    pub async fn end(&mut self) {
        let _ = self.flush().await;
        let _ = self.stream.shutdown().await;
    }

    fn put(&mut self, v3: impl FnOnce() -> v3::Packet, v5: impl FnOnce() -> v5::Packet) {
        let packet = if self.is_v5() {
            MqttPacket::V5(v5())
        } else {
            MqttPacket::V3(v3())
        };
        // Only a packet that is too large could fail, and none of ours is.
        let _ = self.codec.encode(packet, &mut self.output);
    }

    /// CONNACK for somebody who is known. `given_id` is the id that the node gave a client without one.
    pub fn put_welcome(
        &mut self,
        session_present: bool,
        given_id: Option<String>,
        keep_alive_s: Option<u16>,
    ) {
        let accepted = v3::ConnectAck {
            return_code: v3::ConnectAckReason::ConnectionAccepted,
            session_present,
        };
        let v5 = || v5::ConnectAck {
            session_present,
            receive_max: RECEIVE_MAXIMUM,
            max_packet_size: Some(limits::MQTT_PACKET_BYTES),
            assigned_client_id: given_id.map(Into::into),
            server_keepalive_sec: keep_alive_s,
            retain_available: false,
            wildcard_subscription_available: false,
            subscription_identifiers_available: false,
            shared_subscription_available: false,
            ..v5::ConnectAck::default()
        };
        self.put(
            || v3::Packet::ConnectAck(accepted),
            || v5::Packet::ConnectAck(Box::new(v5())),
        );
    }

    /// CONNACK for somebody whose name or password is not right.
    pub fn put_unknown(&mut self) {
        let v3 = v3::ConnectAck {
            return_code: v3::ConnectAckReason::BadUserNameOrPassword,
            session_present: false,
        };
        let v5 = v5::ConnectAck {
            reason_code: v5::ConnectAckReason::BadUserNameOrPassword,
            ..v5::ConnectAck::default()
        };
        self.put(
            || v3::Packet::ConnectAck(v3),
            || v5::Packet::ConnectAck(Box::new(v5)),
        );
    }

    /// The answer to a message. `allowed` is false for a topic outside of the client's rights; version 3.1.1 has no
    /// answer for that.
    pub fn put_answer(&mut self, answer: Answer, allowed: bool) {
        let reason_code = match allowed {
            true => v5::PublishAckReason::Success,
            false => v5::PublishAckReason::NotAuthorized,
        };
        let v5 = |packet_id| v5::PublishAck {
            packet_id,
            reason_code,
            properties: vec![],
            reason_string: None,
        };
        match answer {
            Answer::None => {}
            Answer::Acknowledged(packet_id) => self.put(
                || v3::Packet::PublishAck { packet_id },
                || v5::Packet::PublishAck(v5(packet_id)),
            ),
            Answer::Received(packet_id) => self.put(
                || v3::Packet::PublishReceived { packet_id },
                || v5::Packet::PublishReceived(v5(packet_id)),
            ),
        }
    }

    /// PUBCOMP. `known` is false when there was nothing to release.
    pub fn put_complete(&mut self, packet_id: NonZeroU16, known: bool) {
        let reason_code = match known {
            true => v5::PublishAck2Reason::Success,
            false => v5::PublishAck2Reason::PacketIdNotFound,
        };
        let v5 = || v5::PublishAck2 {
            packet_id,
            reason_code,
            ..v5::PublishAck2::default()
        };
        self.put(
            || v3::Packet::PublishComplete { packet_id },
            || v5::Packet::PublishComplete(v5()),
        );
    }

    /// SUBACK: nothing can be subscribed here.
    pub fn put_no_subscription(&mut self, packet_id: NonZeroU16, count: usize) {
        let v5 = || v5::SubscribeAck {
            packet_id,
            properties: vec![],
            reason_string: None,
            status: vec![v5::SubscribeAckReason::NotAuthorized; count],
        };
        let status = vec![v3::SubscribeReturnCode::Failure; count];
        self.put(
            || v3::Packet::SubscribeAck { packet_id, status },
            || v5::Packet::SubscribeAck(v5()),
        );
    }

    /// UNSUBACK.
    pub fn put_unsubscribed(&mut self, packet_id: NonZeroU16, count: usize) {
        let v5 = || v5::UnsubscribeAck {
            packet_id,
            properties: vec![],
            reason_string: None,
            status: vec![v5::UnsubscribeAckReason::NoSubscriptionExisted; count],
        };
        self.put(
            || v3::Packet::UnsubscribeAck { packet_id },
            || v5::Packet::UnsubscribeAck(v5()),
        );
    }

    /// PINGRESP.
    pub fn put_pong(&mut self) {
        self.put(|| v3::Packet::PingResponse, || v5::Packet::PingResponse);
    }

    /// Why the node ends the connection; only version 5 can be told.
    pub fn put_goodbye(&mut self, reason_code: Code) {
        if self.is_v5() {
            let goodbye = v5::Disconnect {
                reason_code,
                ..v5::Disconnect::default()
            };
            let packet = MqttPacket::V5(v5::Packet::Disconnect(goodbye));
            let _ = self.codec.encode(packet, &mut self.output);
        }
    }
}

fn published(publish: Publish) -> Packet {
    let answer = match (publish.qos, publish.packet_id) {
        (QoS::AtLeastOnce, Some(id)) => Answer::Acknowledged(id),
        (QoS::ExactlyOnce, Some(id)) => Answer::Received(id),
        _ => Answer::None,
    };
    Packet::Publish {
        topic: publish.topic.to_string(),
        body: publish.payload,
        answer,
    }
}

fn from_v3(packet: v3::Packet) -> Packet {
    match packet {
        v3::Packet::Connect(connect) => Packet::Connect(Box::new(Hello {
            client_id: connect.client_id.to_string(),
            user: connect
                .username
                .map(|name| name.to_string())
                .unwrap_or_default(),
            password: connect.password.unwrap_or_default(),
            clean_start: connect.clean_session,
            remembered_s: connect.clean_session.then_some(0),
            keep_alive_s: connect.keep_alive,
            will: connect
                .last_will
                .map(|will| (will.topic.to_string(), will.message)),
        })),
        v3::Packet::Publish(publish) => published(*publish),
        v3::Packet::PublishRelease { packet_id } => Packet::Release(packet_id),
        v3::Packet::Subscribe {
            packet_id,
            topic_filters,
        } => Packet::Subscribe(packet_id, topic_filters.len()),
        v3::Packet::Unsubscribe {
            packet_id,
            topic_filters,
        } => Packet::Unsubscribe(packet_id, topic_filters.len()),
        v3::Packet::PingRequest => Packet::Ping,
        v3::Packet::Disconnect => Packet::Disconnect { without_will: true },
        _ => Packet::Unexpected,
    }
}

fn from_v5(packet: v5::Packet) -> Result<Packet, Broken> {
    Ok(match packet {
        v5::Packet::Connect(connect) => {
            if connect.auth_method.is_some() {
                return Err(Broken::Packet(Code::BadAuthenticationMethod));
            }
            let remembered_s = connect.session_expiry_interval_secs;
            Packet::Connect(Box::new(Hello {
                client_id: connect.client_id.to_string(),
                user: connect
                    .username
                    .map(|name| name.to_string())
                    .unwrap_or_default(),
                password: connect.password.unwrap_or_default(),
                clean_start: connect.clean_start,
                // Section 3.1.2.11.2: this number means for ever.
                remembered_s: (remembered_s != u32::MAX).then_some(remembered_s),
                keep_alive_s: connect.keep_alive,
                will: connect
                    .last_will
                    .map(|will| (will.topic.to_string(), will.message)),
            }))
        }
        v5::Packet::Publish(publish) => {
            // The node offers no aliases (Topic Alias Maximum is 0), so a client must not use one.
            let alias = publish
                .properties
                .as_ref()
                .and_then(|more| more.topic_alias);
            if alias.is_some() {
                return Err(Broken::Packet(Code::TopicAliasInvalid));
            }
            published(*publish)
        }
        v5::Packet::PublishRelease(release) => Packet::Release(release.packet_id),
        v5::Packet::Subscribe(subscribe) => {
            Packet::Subscribe(subscribe.packet_id, subscribe.topic_filters.len())
        }
        v5::Packet::Unsubscribe(gone) => {
            Packet::Unsubscribe(gone.packet_id, gone.topic_filters.len())
        }
        v5::Packet::PingRequest => Packet::Ping,
        v5::Packet::Disconnect(end) => Packet::Disconnect {
            without_will: end.reason_code == Code::NormalDisconnection,
        },
        _ => Packet::Unexpected,
    })
}
