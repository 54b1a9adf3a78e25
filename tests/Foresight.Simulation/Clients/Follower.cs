using System.Globalization;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulation.Clients;

internal sealed class Follower : Caller
{
    private const long Dollars = 1_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private readonly HashSet<long> _closed = [];
    private long _block;

    public Follower(World world)
        : base(world, "chain")
    {
        Run(() => _ = FollowAsync());
    }

    public bool Stopped { get; set; }

    public static Guid SettleId(long trade) => RequestIds.OfFact("settle", trade.ToString(CultureInfo.InvariantCulture));

    public static Guid BustId(long trade) => RequestIds.OfFact("bust", trade.ToString(CultureInfo.InvariantCulture));

    private async Task FollowAsync()
    {
        _block++;
        foreach (var account in Trader.AllAccounts(traders: 4))
        {
            await TellAsync(Observe(account, 0, Command.CollateralOutcome, 100_000 * Dollars));
            for (var outcome = 0; outcome < 2; outcome++)
                await TellAsync(Observe(account, 1, outcome, 20_000));
            for (var outcome = 0; outcome < 3; outcome++)
                await TellAsync(Observe(account, 2, outcome, 20_000));
        }

        while (!Stopped)
        {
            await Task.Delay(Dice.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)), Clock);
            _block++;
            var trades = World
                .Postgres.Tables.Trades.Keys.Select(trade => trade.Value)
                // What is paid by the vault is VaultFollower's.
                .Where(trade => !_closed.Contains(trade) && World.Chain.TradeOf(new(trade)) is null)
                .Take(6)
                .ToList();
            foreach (var trade in trades)
            {
                LeaderCommand command = Dice.Chance(0.9)
                    ? new SettleTrade(trade, _block) { RequestId = SettleId(trade) }
                    : new BustTrade(trade, _block, Reason: null) { RequestId = BustId(trade) };
                if (await TellAsync(command))
                    _closed.Add(trade);
            }

            // A holding shrinks, so the orders that it covered must be cancelled.
            if (Dice.Chance(0.15))
                await TellAsync(
                    Observe(
                        Trader.AccountOf(1 + Dice.Below(4), 1 + Dice.Below(2)),
                        0,
                        Command.CollateralOutcome,
                        Dice.Between(0, 50_000 * Dollars)
                    )
                );
        }
    }

    private async Task<bool> TellAsync(LeaderCommand command)
    {
        while (!Stopped)
        {
            var result = await SendAsync(command, Patience);
            if (result.Status is ResultStatus.Accepted or ResultStatus.Rejected or ResultStatus.Duplicate)
                return true;
        }

        return false;
    }

    private ObserveBalance Observe(string account, int market, int outcome, long units) =>
        new(account, market, outcome, units, _block) { RequestId = Dice.NextGuid() };
}
