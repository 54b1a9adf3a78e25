using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Checks;

internal sealed class PublicationChecks(World world)
{
    private long _waivedEpoch;

    /// <summary>Terms that had committed what a promotion lost may still publish it, so they are exempt.</summary>
    public void WaiveUpTo(long epoch) => _waivedEpoch = Math.Max(_waivedEpoch, epoch);

    public void Check(Process node, string channel, object message, Oracle oracle)
    {
        switch (message)
        {
            case DepthMessage depth when depth.Epoch > _waivedEpoch:
                RequireCommitted(node, channel, depth.Epoch, depth.Sequence, oracle);
                if (depth.Sequence == oracle.Sequence)
                    CheckLevels(depth, oracle);
                break;
            case TradesMessage trades when trades.Epoch > _waivedEpoch:
                RequireCommitted(node, channel, trades.Epoch, trades.Sequence, oracle);
                foreach (var trade in trades.Trades)
                    CheckTrade(trade);
                break;
            case StatsMessage stats when stats.Epoch > _waivedEpoch:
                RequireCommitted(node, channel, stats.Epoch, stats.Sequence, oracle);
                break;
            case OrdersMessage orders when orders.Epoch > _waivedEpoch:
                foreach (var update in orders.Updates)
                {
                    RequireCommitted(node, channel, update.Epoch, update.Sequence, oracle);
                    if (world.Postgres.Tables.Commands[update.Sequence].Epoch != update.Epoch)
                        throw world.Violated(
                            "published is in the journal",
                            $"an update of {update.OrderId} names epoch {update.Epoch} for {update.Sequence}"
                        );
                }

                break;
        }
    }

    private void RequireCommitted(Process node, string channel, long epoch, long sequence, Oracle oracle)
    {
        if (sequence > oracle.Sequence)
            throw world.Violated(
                "commit before publish",
                $"{node.Name} published {channel} of {sequence} while the journal ends at {oracle.Sequence}"
            );
        if (sequence > 0 && world.Postgres.Tables.Commands[sequence].Epoch > epoch)
            throw world.Violated(
                "published is in the journal",
                $"{node.Name} published {channel} of {sequence} in epoch {epoch}, which another epoch wrote"
            );
    }

    private void CheckTrade(TradeView view)
    {
        if (
            !world.Postgres.Tables.Trades.TryGetValue(new TradeId(view.TradeId), out var row)
            || row.Trade.Sequence != view.Sequence
            || row.Epoch != view.Epoch
            || Decimals.Price(row.Trade.TakerPriceTicks) != view.Price
            || Decimals.Shares(row.Trade.Lots) != view.Amount
        )
            throw world.Violated("published is in the journal", $"trade {view.TradeId} was published as {view}");
    }

    private void CheckLevels(DepthMessage depth, Oracle oracle)
    {
        foreach (var level in depth.Levels)
        {
            var lots = oracle.LevelLots(depth.Market, level.Outcome, level.IsBid, level.PriceTicks);
            if (lots != level.Lots)
                throw world.Violated(
                    "published is in the journal",
                    $"market {depth.Market} at {depth.Sequence}: published {level}, the journal gives {lots}"
                );
        }
    }
}
