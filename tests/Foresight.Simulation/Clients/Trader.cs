using System.Globalization;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulation.Clients;

internal sealed class Trader : Caller
{
    public const int Accounts = 2;

    private readonly int _number;
    private readonly List<PlaceOrder> _open = [];
    private readonly List<LeaderCommand> _toAskAgain = [];
    private int _lastSalt;

    public Trader(World world, int number)
        : base(world, $"trader-{number}")
    {
        _number = number;
        Run(() => _ = TradeAsync());
    }

    public static string AccountOf(int trader, int account) => $"0x{trader:x2}{account:x2}{new string('0', 36)}";

    /// <summary>Includes the accounts of every other trader of the world, so that their orders meet.</summary>
    public static IEnumerable<string> AllAccounts(int traders) =>
        from trader in Enumerable.Range(1, traders)
        from account in Enumerable.Range(1, Accounts)
        select AccountOf(trader, account);

    public bool Stopped { get; set; }

    public void Probe(TimeSpan within) => Run(() => _ = ProbeAsync(within));

    private async Task ProbeAsync(TimeSpan within)
    {
        var result = await SendAsync(Place(), within);
        if (result.Status is ResultStatus.Accepted or ResultStatus.Rejected)
            World.Invariants.Progressed();
    }

    private async Task TradeAsync()
    {
        while (!Stopped)
        {
            await Task.Delay(Dice.Between(TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(700)), Clock);
            var command = _toAskAgain.Count > 0 && Dice.Chance(0.5) ? TakeOneToAskAgain() : Next();
            var result = await SendAsync(command, Patience());
            Learn(command, result);
            if (Dice.Chance(0.04))
                _toAskAgain.Add(command);
            if (Dice.Chance(0.02) && command is PlaceOrder order)
                Learn(command, await SendAsync(order with { RequestId = Dice.NextGuid() }, Patience()));
        }
    }

    private TimeSpan Patience() => Dice.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9));

    private LeaderCommand TakeOneToAskAgain()
    {
        var index = Dice.Below(_toAskAgain.Count);
        var command = _toAskAgain[index];
        _toAskAgain.RemoveAt(index);
        return command;
    }

    private void Learn(LeaderCommand command, CommandResult result)
    {
        if (result.Status is ResultStatus.InDoubt)
            _toAskAgain.Add(command);
        if (result is { Status: ResultStatus.Accepted, OrderStatus: "open" or "partially_filled" } && command is PlaceOrder order)
            _open.Add(order);
    }

    private LeaderCommand Next()
    {
        if (_open.Count > 0 && Dice.Chance(0.25))
            return Cancel();
        if (Dice.Chance(0.01))
            return new SetMarketState(1 + Dice.Below(2), Dice.Below(2)) { RequestId = Dice.NextGuid() };
        if (Dice.Chance(0.005))
            return new CancelAllOfMarket(1 + Dice.Below(2)) { RequestId = Dice.NextGuid() };
        return Place();
    }

    private LeaderCommand Cancel()
    {
        var index = Dice.Below(_open.Count);
        var order = _open[index];
        _open.RemoveAt(index);
        return Dice.Chance(0.8)
            ? new CancelByHash(order.Maker, order.MarketId, order.Hash) { RequestId = Dice.NextGuid() }
            : new CancelBySalt(order.Maker, order.MarketId, order.Salt) { RequestId = Dice.NextGuid() };
    }

    private PlaceOrder Place()
    {
        var market = 1 + Dice.Below(2);
        var salt = (++_lastSalt).ToString(CultureInfo.InvariantCulture);
        var timeInForce = Dice.Below(10) switch
        {
            0 => TimeInForce.ImmediateOrCancel,
            1 => TimeInForce.FillOrKill,
            _ => TimeInForce.GoodTilCancelled,
        };
        var rests = timeInForce == TimeInForce.GoodTilCancelled;
        var seconds = rests && Dice.Chance(0.1) ? World.Postgres.NowSeconds + Dice.Between(1, 20) : 0;
        return new PlaceOrder
        {
            Hash = $"0x{Dice.Next():x16}{Dice.Next():x16}{Dice.Next():x16}{Dice.Next():x16}",
            Maker = AccountOf(_number, 1 + Dice.Below(Accounts)),
            MarketId = market,
            Outcome = Dice.Below(market == 1 ? 2 : 3),
            IsBuy = Dice.Chance(0.5),
            PriceTicks = 100 * (int)Dice.Between(market == 1 ? 45 : 28, market == 1 ? 55 : 40),
            Lots = Dice.Between(1, 500),
            Salt = salt,
            ExpirySeconds = seconds,
            Signature = "0x",
            TimeInForce = (int)(seconds > 0 ? TimeInForce.GoodTilDate : timeInForce),
            PostOnly = rests && Dice.Chance(0.1),
            SelfTradePrevention = Dice.Below(3),
            IdempotencyKey = Dice.Chance(0.05) ? $"key-{_number}-{_lastSalt}" : null,
            RequestId = Dice.NextGuid(),
        };
    }
}
