using Foresight.Matching.Engine.Tests.Reference;

namespace Foresight.Matching.Engine.Tests.Random;

public sealed record RandomProfile(int MinOutcomes, int MaxOutcomes, int Accounts, int OpenMarkets, int LiveOrders, int Span);

/// <summary>
/// Prices are close enough to trade, accounts few enough to meet themselves and poor enough to run short, clocks expire orders, markets
/// pause and close, and some values are invalid: an idle stream would prove nothing.
/// </summary>
public sealed class RandomCommands(ulong seed, RandomProfile profile, ReferenceExchange exchange, int shard = 0)
{
    private readonly List<long> _recentOrders = [];
    private readonly Queue<Command> _funding = [];
    private ulong _state = seed * 0x9E3779B97F4A7C15 + 1;
    private long _sequence;
    private long _clockMicros = 1_700_000_000_000_000;
    private long _block = 1;
    private int _lastMarket;

    public Command Next()
    {
        _sequence++;
        _clockMicros += Below(2) == 0 ? 0 : Below(400_000);
        if (_recentOrders.Count > 400)
            _recentOrders.RemoveRange(0, 200);
        var command = Choose() with { Sequence = _sequence, AcceptedAtMicros = _clockMicros - (Below(50) == 0 ? Below(2_000_000) : 0) };
        if (command.Kind is CommandKind.PlaceOrder or CommandKind.ReplaceOrder)
            _recentOrders.Add(_sequence);
        return Below(60) == 0 ? Spoil(command) : command;
    }

    private Command Choose()
    {
        if (_funding.TryDequeue(out var funding))
            return funding;
        var open = exchange.Markets.Values.Where(market => market.State <= MarketState.Paused).ToList();
        if (open.Count < profile.OpenMarkets)
            return ListMarket();
        var market = open[Below(open.Count)];
        if (market.State == MarketState.Paused && Below(4) == 0)
            return SetState(market, MarketState.Open);
        // Trades are settled about as fast as they are made, so that the number of open ones stays near this limit.
        if (exchange.Trades.Count > 25 && Below(3) == 0)
            return CloseTrade();
        var live = open.Sum(one => one.Orders.Count);
        var place = live < profile.LiveOrders ? 62 : 40;
        return Below(100) switch
        {
            var draw when draw < place => Place(market),
            < 78 => CancelOne(),
            < 84 => Replace(),
            < 90 => CloseTrade(),
            < 96 => Observe(market),
            < 98 => Firm(market),
            _ => Rare(market),
        };
    }

    private Command Rare(ReferenceMarket market) =>
        Below(12) switch
        {
            0 => SetState(market, MarketState.Paused),
            1 => Below(12) == 0 ? SetState(market, (MarketState)(2 + Below(2))) : SetState(market, MarketState.Open),
            2 => new Command { Kind = CommandKind.CancelAllOfMarket, Market = new MarketId(market.Id) },
            3 or 4 => new Command
            {
                Kind = CommandKind.CancelAllOfAccount,
                Account = Account(),
                Market = new MarketId(Below(2) == 0 ? 0 : market.Id),
            },
            5 or 6 or 7 => new Command
            {
                Kind = CommandKind.CancelBySalt,
                Account = Account(),
                Market = new MarketId(Below(2) == 0 ? 0 : market.Id),
                SaltTag = (ulong)Below(6),
            },
            8 when Below(4) == 0 => SetState(exchange.Markets.Values.ElementAt(Below(exchange.Markets.Count)), (MarketState)Below(4)),
            9 when Below(10) == 0 => ListMarket(),
            9 or 10 => Reduce(),
            _ => new Command { Kind = CommandKind.ExpireOrders },
        };

    private Command ListMarket()
    {
        if (_lastMarket > 0 && Below(10) == 0)
            return new Command
            {
                Kind = CommandKind.ListMarket,
                Market = new MarketId(_lastMarket),
                Outcomes = 2,
                TickSize = 1,
            };
        var outcomes = profile.MinOutcomes + Below(profile.MaxOutcomes - profile.MinOutcomes + 1);
        _lastMarket++;
        for (var account = 1; account <= profile.Accounts; account++)
        {
            _funding.Enqueue(Observation(account, 0, Command.CollateralOutcome, 1_000_000 + Below(3_000_000)));
            _funding.Enqueue(Observation(account, 0, Command.CollateralOutcome, 1_000_000 + Below(3_000_000), PurseChoice.Vault));
            for (byte outcome = 0; outcome < outcomes; outcome++)
            {
                if (Below(3) > 0)
                    _funding.Enqueue(Observation(account, _lastMarket, outcome, 300 + Below(1500), PurseChoice.Vault));
                if (Below(4) > 0)
                    _funding.Enqueue(Observation(account, _lastMarket, outcome, 300 + Below(1500)));
            }
        }

        return new Command
        {
            Kind = CommandKind.ListMarket,
            Market = new MarketId(_lastMarket),
            Outcomes = (byte)outcomes,
            FirmOnly = Below(6) == 0,
            TickSize = Below(3) switch
            {
                0 => 1,
                1 => 10,
                _ => 100,
            },
        };
    }

    private Command SetState(ReferenceMarket market, MarketState state) =>
        new()
        {
            Kind = CommandKind.SetMarketState,
            Market = new MarketId(market.Id),
            State = state,
            Outcome = (byte)Below(market.Outcomes),
        };

    private Command Place(ReferenceMarket market)
    {
        // Crowds lean to one side for a while, so that complete sets find buyers, or sellers, of every outcome.
        var lean = (_sequence / 500 + market.Id) % 3;
        var side = lean == 0 ? (Side)Below(2) : (Side)(Below(8) == 0 ? 2 - lean : lean - 1);
        var timeInForce = Below(10) switch
        {
            < 5 => TimeInForce.GoodTilCancelled,
            < 7 => TimeInForce.GoodTilDate,
            7 or 8 => TimeInForce.ImmediateOrCancel,
            _ => TimeInForce.FillOrKill,
        };
        var isImmediate = timeInForce >= TimeInForce.ImmediateOrCancel;
        var price = PriceIn(market);
        var quantity = QuantityOf();
        return new Command
        {
            Kind = CommandKind.PlaceOrder,
            Market = new MarketId(market.Id),
            Account = Account(),
            Outcome = (byte)Below(market.Outcomes),
            Side = side,
            Price = new Price(price),
            Quantity = new Quantity(quantity),
            Amount = new Amount(isImmediate && side == Side.Buy && Below(3) == 0 ? 1 + Below(price * (int)Math.Min(quantity, 100)) : 0),
            TimeInForce = timeInForce,
            PostOnly = !isImmediate && Below(6) == 0,
            SelfTradePrevention = (SelfTradePrevention)Below(3),
            ExpiresAtSeconds = timeInForce == TimeInForce.GoodTilDate || Below(8) == 0 ? _clockMicros / 1_000_000 + Below(20) : 0,
            SaltTag = (ulong)Below(6),
            Purse = (PurseChoice)(Below(2) == 0 ? 0 : Below(3)),
            FirmOnly = isImmediate && Below(3) == 0 || Below(100) == 0,
        };
    }

    /// <summary>Terms are often too old or used up, so that firm orders are refused and stopped too.</summary>
    private Command Firm(ReferenceMarket market)
    {
        var draw = Below(8);
        if (draw < 4)
            return new Command
            {
                Kind = CommandKind.SetFirmTerms,
                Quantity = new Quantity(Below(4) == 0 ? Below(3) : exchange.FirmTrades + Below(20)),
                ExpiresAtSeconds = _clockMicros / 1_000_000 + Below(300) - 2,
            };
        if (draw < 6 || exchange.Withdrawals.Count == 0)
        {
            var isCollateral = Below(2) == 0;
            return new Command
            {
                Kind = CommandKind.GrantWithdrawal,
                Account = Account(),
                Market = new MarketId(isCollateral ? 0 : market.Id),
                Outcome = isCollateral ? Command.CollateralOutcome : (byte)Below(market.Outcomes),
                Amount = new Amount(isCollateral ? 1 + Below(2_000_000) : 0),
                Quantity = new Quantity(isCollateral ? 0 : 1 + Below(1000)),
                SaltTag = (ulong)Below(8),
                ExpiresAtSeconds = _clockMicros / 1_000_000 + Below(60),
            };
        }

        var open = exchange.Withdrawals[Below(exchange.Withdrawals.Count)];
        return new Command
        {
            Kind = draw == 6 ? CommandKind.PayWithdrawal : CommandKind.LapseWithdrawal,
            Account = new AccountId(open.Account),
            SaltTag = open.Nonce + (Below(20) == 0 ? 1u : 0u),
            Block = draw == 6 ? _block - Below(3) : 0,
        };
    }

    private int PriceIn(ReferenceMarket market)
    {
        if (Below(40) == 0)
            return (1 + Below(Price.TicksPerUnit / market.TickSize - 1)) * market.TickSize;
        if (Below(30) == 0)
            return Math.Min(Price.TicksPerUnit * 2 / market.Outcomes / market.TickSize, Price.TicksPerUnit / market.TickSize - 1)
                * market.TickSize;
        // Prices of all outcomes sum to about one USDC, so that sets trade as well as direct orders.
        var fair = Price.TicksPerUnit / market.Outcomes / market.TickSize;
        var ticks = fair + Below(profile.Span * 2 + 1) - profile.Span;
        return Math.Clamp(ticks, 1, Price.TicksPerUnit / market.TickSize - 1) * market.TickSize;
    }

    private long QuantityOf() => Below(20) == 0 ? 1 + Below(400) : 1 + Below(12);

    private Command CancelOne()
    {
        var order = SomeOrder();
        return new Command
        {
            Kind = CommandKind.CancelOrder,
            Order = order.Id,
            Account = Below(10) == 0 ? new AccountId(Below(profile.Accounts + 1)) : order.Owner,
        };
    }

    private Command Replace()
    {
        var (id, owner, order) = SomeOrder();
        var market = order is null ? null : exchange.Markets[order.Market];
        var samePrice = order is not null && Below(2) == 0;
        return new Command
        {
            Kind = CommandKind.ReplaceOrder,
            Order = id,
            Account = Below(20) == 0 ? Account() : owner,
            Price = new Price(
                samePrice ? order!.Price
                : market is null ? 5000
                : PriceIn(market)
            ),
            Quantity = new Quantity(order is not null && Below(2) == 0 ? Math.Max(1, order.Left - Below(3)) : QuantityOf()),
            PostOnly = Below(5) == 0,
            SelfTradePrevention = (SelfTradePrevention)Below(3),
            ExpiresAtSeconds = Below(4) == 0 ? _clockMicros / 1_000_000 + Below(20) : 0,
            SaltTag = (ulong)Below(6),
        };
    }

    private Command Reduce()
    {
        var (id, _, order) = SomeOrder();
        return new Command
        {
            Kind = CommandKind.ReduceOrder,
            Order = id,
            Quantity = new Quantity(Math.Max(0, (order?.Left ?? 0) + 1 - Below(5))),
        };
    }

    private (OrderId Id, AccountId Owner, ReferenceOrder? Order) SomeOrder()
    {
        if (exchange.OpenOrderCount is var open && open > 0 && Below(12) != 0)
        {
            var order = exchange.OpenOrders.ElementAt(Below(open));
            return (Id(order.Id), new AccountId(order.Account), order);
        }

        var number = _recentOrders.Count == 0 ? 1 : _recentOrders[Below(_recentOrders.Count)];
        var found = exchange.OpenOrders.FirstOrDefault(order => order.Id == number);
        return (Id(number), found is null ? Account() : new AccountId(found.Account), found);
    }

    private Command CloseTrade()
    {
        var trades = exchange.Trades;
        if (trades.Count == 0 || Below(50) == 0)
            return new Command { Kind = CommandKind.SettleTrade, Trade = new TradeId(1) };
        var number = trades.Count > 1 && Below(4) == 0 ? trades.Keys.ElementAt(Below(trades.Count)) : trades.Keys.First();
        return new Command
        {
            Kind = Below(8) == 0 ? CommandKind.BustTrade : CommandKind.SettleTrade,
            Trade = new TradeId(Id(number).Value),
            Block = Below(4) == 0 ? 0 : _block - Below(3),
        };
    }

    private Command Observe(ReferenceMarket market)
    {
        _block += Below(2);
        var isCollateral = Below(profile.MaxOutcomes + 2) == 0;
        var units = Below(5) == 0 ? Below(100) : 300 + Below(1500);
        var observation = isCollateral
            ? Observation(Account().Value, 0, Command.CollateralOutcome, units * 2000L)
            : Observation(Account().Value, market.Id, (byte)Below(market.Outcomes), units);
        if (Below(2) == 0)
            observation = observation with { Purse = PurseChoice.Vault };
        return Below(10) == 0 ? observation with { Block = _block - 3 } : observation;
    }

    private Command Observation(int account, int market, byte outcome, long units, PurseChoice purse = PurseChoice.Either) =>
        new()
        {
            Kind = CommandKind.ObserveBalance,
            Account = new AccountId(account),
            Market = new MarketId(market),
            Outcome = outcome,
            Amount = new Amount(market == 0 ? units : 0),
            Quantity = new Quantity(market == 0 ? 0 : units),
            Block = _block,
            Purse = purse,
        };

    private Command Spoil(Command command)
    {
        long[] edges = [0, -1, 1, long.MinValue, long.MaxValue, 1_000_000_000_000, 1_000_000_000_001, ExchangeLimits.OwnedUnits + 1];
        var edge = edges[Below(edges.Length)];
        var small = unchecked((int)edge);
        return Below(14) switch
        {
            12 => command with { Purse = (PurseChoice)Below(3) },
            13 => command with { FirmOnly = !command.FirmOnly },
            0 => command with { Price = new Price(Below(2) == 0 ? 10_000 : small) },
            1 => command with { Quantity = new Quantity(edge) },
            2 => command with { Amount = new Amount(edge) },
            3 => command with { Account = new AccountId(small) },
            4 => command with { Market = new MarketId(small) },
            5 => command with { Order = new OrderId(edge) },
            6 => command with { Trade = new TradeId(edge) },
            7 => command with { Outcome = (byte)(2 + Below(8)) },
            8 => command with { ExpiresAtSeconds = edge },
            9 => command with { Outcomes = (byte)Below(12), TickSize = small },
            10 => command with { TimeInForce = (TimeInForce)Below(4), PostOnly = true },
            _ => command with { Block = edge == long.MaxValue ? 1 : edge },
        };
    }

    private AccountId Account() => new(1 + Below(profile.Accounts));

    private OrderId Id(long number) => new(unchecked((long)((ulong)shard << 48)) | number);

    private int Below(int bound)
    {
        unchecked
        {
            var z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            return (int)(((z >> 32) * (ulong)bound) >> 32);
        }
    }
}
