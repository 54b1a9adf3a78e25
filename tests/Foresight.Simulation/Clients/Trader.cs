using System.Globalization;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation.Clients;

internal sealed class Trader : Caller
{
    public const int Accounts = 2;

    private readonly int _number;
    private readonly List<PlaceOrder> _open = [];
    private readonly List<LeaderCommand> _toAskAgain = [];

    /// <summary>Placed after their cancels, to meet the tombstones.</summary>
    private readonly List<PlaceOrder> _overtaken = [];
    private int _lastSalt;

    public Trader(World world, int number)
        : base(world, $"trader-{number}")
    {
        _number = number;
        Run(() => _ = TradeAsync());
    }

    private static readonly string[,] Addresses = AllAddresses();

    public static string AccountOf(int trader, int account) => Addresses[trader, account];

    /// <summary>Includes the accounts of every other trader of the world, so that their orders meet.</summary>
    public static IEnumerable<string> AllAccounts(int traders) =>
        from trader in Enumerable.Range(1, traders)
        from account in Enumerable.Range(1, Accounts)
        select AccountOf(trader, account);

    public bool Stopped { get; set; }

    /// <summary>An id that this trader's next order with an idempotency key may have.</summary>
    public Guid NextKeyId(int account) => RequestIds.OfKey(AccountOf(_number, account), KeyOf(_number, _lastSalt + 1));

    private static string KeyOf(int trader, int salt) => $"key-{trader}-{salt}";

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
                Learn(command, await SendAsync(Another(order), Patience()));
        }
    }

    /// <summary>The same signed order may arrive in another request, perhaps as one that rests although it was not to.</summary>
    private PlaceOrder Another(PlaceOrder order)
    {
        var another = order with { RequestId = Dice.NextGuid(), IdempotencyKey = null };
        return Dice.Chance(0.5) ? another : another with { TimeInForce = (int)TimeInForce.GoodTilCancelled, PostOnly = false };
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
        if (_overtaken.Count > 0 && Dice.Chance(0.3))
        {
            var late = _overtaken[^1];
            _overtaken.RemoveAt(_overtaken.Count - 1);
            return late;
        }

        if (Dice.Chance(0.02))
        {
            var order = Place();
            _overtaken.Add(order);
            return CancelSaltOf(order);
        }

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
            : CancelSaltOf(order);
    }

    private CancelBySalt CancelSaltOf(PlaceOrder order) =>
        SimulatedTraders.Signed(new CancelBySalt(order.Maker, order.MarketId, order.Salt) { RequestId = Dice.NextGuid() });

    private static string[,] AllAddresses()
    {
        var addresses = new string[10, Accounts + 1];
        for (var trader = 1; trader < 10; trader++)
        for (var account = 1; account <= Accounts; account++)
            addresses[trader, account] = SimulatedTraders.KeyOf(trader, account).Address.ToLowerHex();
        return addresses;
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
        var seconds = rests && Dice.Chance(0.1) ? World.Postgres.TrueNowSeconds + Dice.Between(1, 20) : 0;
        // More than a clock that is believed may be wrong by.
        if (seconds > 0 && Dice.Chance(0.3))
            seconds += Dice.Between(600, 36_000);
        if (seconds > 0 && Dice.Chance(0.1))
            seconds += SimulatedJournal.LongestLifeSeconds + 60;
        var maker = AccountOf(_number, 1 + Dice.Below(Accounts));
        var random = Dice.NextGuid();
        var purse = Dice.Pick<PurseChoice>([PurseChoice.Either, PurseChoice.Either, PurseChoice.Vault, PurseChoice.Wallet]);
        var key = Dice.Chance(0.05) ? KeyOf(_number, _lastSalt) : null;
        var order = new PlaceOrder
        {
            Hash = "",
            Maker = maker,
            MarketId = market,
            Outcome = Dice.Below(market == 1 ? 2 : 3),
            IsBuy = Dice.Chance(0.5),
            PriceTicks = 100 * (int)Dice.Between(market == 1 ? 45 : 28, market == 1 ? 55 : 40),
            Lots = Dice.Between(1, 500),
            Salt = salt,
            ExpirySeconds = seconds,
            Signature = "",
            TimeInForce = (int)(seconds > 0 ? TimeInForce.GoodTilDate : timeInForce),
            PostOnly = rests && Dice.Chance(0.1),
            SelfTradePrevention = Dice.Below(3),
            IdempotencyKey = key,
            Purse = (int)purse,
            FirmOnly = !rests && purse != PurseChoice.Wallet && Dice.Chance(0.3),
            RequestId = key is null ? random : RequestIds.OfKey(maker, key),
        };
        return SimulatedTraders.Signed(order);
    }
}
