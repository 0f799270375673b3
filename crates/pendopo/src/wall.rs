//! `pendopo wall`: links that show the wall of a control room.

use anyhow::Context;
use pendopo_domain::walls::{Room, Theme, WallId};
use pendopo_operations::{City, Error, configuration, walls};

use crate::cli::{OfCity, WallCommand};
use crate::place;
use crate::say::Say;

pub async fn run(say: &Say, command: WallCommand) -> anyhow::Result<()> {
    let of = match &command {
        WallCommand::Link { of, .. }
        | WallCommand::List { of }
        | WallCommand::Revoke { of, .. } => of,
    };
    let OfCity { city, place } = of;
    let node = place.node(say).await?;
    let city = place::city(say, &node, city).await?;
    let done = act(say, &city, &command).await;
    city.store().close().await;
    done.with_context(|| say.text("cli-wall-failed", &[]))
}

async fn act(say: &Say, city: &City, command: &WallCommand) -> Result<(), Error> {
    let by = configuration::command_line();
    match command {
        WallCommand::Link {
            name,
            seat,
            pitch,
            bright,
            ..
        } => {
            let theme = if *bright { Theme::Bright } else { Theme::Dark };
            let room = Room::new(*seat, *pitch, theme);
            let room = room.ok_or_else(|| Error::Invalid(vec![]))?;
            let token = walls::add(city, &by, name, room).await?;
            say.line("cli-wall-added", &[("name", name)]);
            say.plain(&format!("/wall/{token}"));
        }
        WallCommand::List { .. } => {
            for wall in walls::list(city, &by).await? {
                say.plain(&format!("{}\t{}\t{}", wall.id, wall.name, wall.room.theme));
            }
        }
        WallCommand::Revoke { id, .. } => {
            walls::revoke(city, &by, WallId(*id)).await?;
            say.line("cli-wall-revoked", &[]);
        }
    }
    Ok(())
}
