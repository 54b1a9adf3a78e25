using System.Globalization;
using Foresight.Contracts;
using Foresight.Exchange;

namespace Foresight.Simulation.Clients;

/// <summary>
/// Places and cancels orders of a few accounts, asks again what was in doubt, and now and then does what nobody should: sends a request twice,
/// the same order by another request, an order that is past its time.
/// </summary>
internal sealed class Trader : Caller
{
    public const int Accounts = 2;


    private readonly int number;
    private readonly List<DoorOrder> open = [];
    private readonly List<DoorCommand> toAskAgain = [];
    private int lastSalt;

    public Trader(World world, int number)
        : base(world, $"trader-{number}")
    {
        this.number = number;
        Run(() => _ = TradeAsync());
    }

    public static string AccountOf(int trader, int account) => $"0x{trader:x2}{account:x2}{new string('0', 36)}";

    /// <summary>Every other trader of the world included, so that they meet.</summary>
    public static IEnumerable<string> AllAccounts(int traders) =>
        from trader in Enumerable.Range(1, traders) from account in Enumerable.Range(1, Accounts) select AccountOf(trader, account);

    public bool Stopped { get; set; }

    /// <summary>After the faults: a new order must be acknowledged.</summary>
    public void Probe(TimeSpan within) => Run(() => _ = ProbeAsync(within));

    private async Task ProbeAsync(TimeSpan within)
    {
        var result = await SendAsync(Place(Order()), within);
        if (result.Status is DoorStatus.Accepted or DoorStatus.Rejected) World.Invariants.Progressed();
    }

    private async Task TradeAsync()
    {
        while (!Stopped)
        {
            await Task.Delay(Dice.Between(TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(700)), Clock);
            var command = toAskAgain.Count > 0 && Dice.Chance(0.5) ? TakeOneToAskAgain() : Next();
            var result = await SendAsync(command, Patience());
            Learn(command, result);
            if (Dice.Chance(0.04)) toAskAgain.Add(command);
            if (Dice.Chance(0.02) && command.Order is { } order) Learn(command, await SendAsync(Place(order), Patience()));
        }
    }

    private TimeSpan Patience() => Dice.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9));

    private DoorCommand TakeOneToAskAgain()
    {
        var index = Dice.Below(toAskAgain.Count);
        var command = toAskAgain[index];
        toAskAgain.RemoveAt(index);
        return command;
    }

    private void Learn(DoorCommand command, DoorResult result)
    {
        if (result.Status is DoorStatus.InDoubt) toAskAgain.Add(command);
        if (result is { Status: DoorStatus.Accepted, OrderStatus: "open" or "partially_filled" } && command.Order is { } order) open.Add(order);
    }

    private DoorCommand Next()
    {
        if (open.Count > 0 && Dice.Chance(0.25)) return Cancel();
        if (Dice.Chance(0.01))
            return new DoorCommand(
                Dice.NextGuid(), DoorCommandKind.SetMarketState, default, Market: new DoorMarket(1 + Dice.Below(2), Dice.Below(2), WinningOutcome: 0));
        if (Dice.Chance(0.005))
            return new DoorCommand(Dice.NextGuid(), DoorCommandKind.CancelAllOfMarket, default, Market: new DoorMarket(1 + Dice.Below(2), 0, 0));
        return Place(Order());
    }

    private DoorCommand Cancel()
    {
        var index = Dice.Below(open.Count);
        var order = open[index];
        open.RemoveAt(index);
        return Dice.Chance(0.8)
            ? new DoorCommand(Dice.NextGuid(), DoorCommandKind.CancelByHash, default, Cancel: new DoorCancel(order.Maker, order.MarketId, order.Hash, null))
            : new DoorCommand(Dice.NextGuid(), DoorCommandKind.CancelBySalt, default, Cancel: new DoorCancel(order.Maker, order.MarketId, null, order.Salt));
    }

    private DoorCommand Place(DoorOrder order) => new(Dice.NextGuid(), DoorCommandKind.Place, default, order);

    private DoorOrder Order()
    {
        var market = 1 + Dice.Below(2);
        var salt = (++lastSalt).ToString(CultureInfo.InvariantCulture);
        var timeInForce = Dice.Below(10) switch { 0 => TimeInForce.ImmediateOrCancel, 1 => TimeInForce.FillOrKill, _ => TimeInForce.GoodTilCancelled };
        var rests = timeInForce == TimeInForce.GoodTilCancelled;
        var seconds = rests && Dice.Chance(0.1) ? World.Postgres.NowSeconds + Dice.Between(1, 20) : 0;
        return new DoorOrder(
            $"0x{Dice.Next():x16}{Dice.Next():x16}{Dice.Next():x16}{Dice.Next():x16}", AccountOf(number, 1 + Dice.Below(Accounts)), market,
            Dice.Below(market == 1 ? 2 : 3), Dice.Chance(0.5), 100 * (int)Dice.Between(market == 1 ? 45 : 28, market == 1 ? 55 : 40), Dice.Between(1, 500), salt,
            seconds, "0x", (int)(seconds > 0 ? TimeInForce.GoodTilDate : timeInForce), PostOnly: rests && Dice.Chance(0.1), Dice.Below(3), null,
            Dice.Chance(0.05) ? $"key-{number}-{lastSalt}" : null);
    }
}
