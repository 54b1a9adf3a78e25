using System.Globalization;

namespace Foresight.Matching.Engine.Tests.Scenarios;

internal sealed class ScenarioParser(ScenarioNames names)
{
    public Command Parse(string[] words, long sequence) =>
        words switch
        {
            ["market", var market, "outcomes", var outcomes, .. var rest] => new Command
            {
                Kind = CommandKind.ListMarket,
                Market = Market(market),
                Outcomes = byte.Parse(outcomes, CultureInfo.InvariantCulture),
                TickSize = rest is ["tick", var tick] ? Int(tick) : 1,
                FirmOnly = rest is ["firm-only"],
            },
            ["firm", "until", var second, "at", "most", var trades] => new Command
            {
                Kind = CommandKind.SetFirmTerms,
                ExpiresAtSeconds = Int(second),
                Quantity = new Quantity(Int(trades)),
            },
            [var account, "withdraws", var units, "usdc", "as", var nonce, "until", var second] => Withdrawal(account, nonce) with
            {
                Kind = CommandKind.GrantWithdrawal,
                Outcome = Command.CollateralOutcome,
                Amount = new Amount(Micros(units)),
                ExpiresAtSeconds = Int(second),
            },
            [var account, "withdraws", var units, "of", var asset, "as", var nonce, "until", var second] => Withdrawal(account, nonce) with
            {
                Kind = CommandKind.GrantWithdrawal,
                Market = new MarketId(Asset(asset).Market),
                Outcome = Asset(asset).Outcome,
                Quantity = new Quantity(Lots(units)),
                ExpiresAtSeconds = Int(second),
            },
            ["withdrawal", var nonce, "of", var account, "paid", .. var rest] => Withdrawal(account, nonce) with
            {
                Kind = CommandKind.PayWithdrawal,
                Block = BlockOf(rest),
            },
            ["withdrawal", var nonce, "of", var account, "lapsed"] => Withdrawal(account, nonce) with
            {
                Kind = CommandKind.LapseWithdrawal,
            },
            [var account, "owns", "firm", .. var rest] => Parse([account, "owns", .. rest], sequence) with { Purse = PurseChoice.Vault },
            ["open", var market] => State(market, MarketState.Open),
            ["pause", var market] => State(market, MarketState.Paused),
            ["close", var market] => State(market, MarketState.Closed),
            ["resolve", var market, "to", var outcome] => State(market, MarketState.Resolved) with { Outcome = Outcome(outcome) },
            ["cancel", "all", "in", var market] => new Command { Kind = CommandKind.CancelAllOfMarket, Market = Market(market) },
            ["cancel", "all", "of", var account] => new Command { Kind = CommandKind.CancelAllOfAccount, Account = names.Account(account) },
            ["cancel", "all", "of", var account, "in", var market] => new Command
            {
                Kind = CommandKind.CancelAllOfAccount,
                Account = names.Account(account),
                Market = Market(market),
            },
            ["cancel", "salt", var salt, "of", var account] => new Command
            {
                Kind = CommandKind.CancelBySalt,
                Account = names.Account(account),
                SaltTag = (ulong)Int(salt),
            },
            ["settle", var trade, .. var rest] => Close(CommandKind.SettleTrade, trade, rest),
            ["bust", var trade] => Close(CommandKind.BustTrade, trade, []),
            ["expire"] => new Command { Kind = CommandKind.ExpireOrders },
            [var account, "cancels", var order] => new Command
            {
                Kind = CommandKind.CancelOrder,
                Account = names.Account(account),
                Order = names.Order(order),
            },
            ["chain", "leaves", var quantity, "of", var order] => new Command
            {
                Kind = CommandKind.ReduceOrder,
                Order = names.Order(order),
                Quantity = new Quantity(Lots(quantity)),
            },
            [var account, "owns", var units, "usdc", .. var rest] => Observe(account, rest) with
            {
                Outcome = Command.CollateralOutcome,
                Amount = new Amount(Micros(units)),
            },
            [var account, "owns", var units, "of", var asset, .. var rest] => Observe(account, rest) with
            {
                Market = new MarketId(Asset(asset).Market),
                Outcome = Asset(asset).Outcome,
                Quantity = new Quantity(Lots(units)),
            },
            [var account, "replaces", var order, "by", var quantity, "at", var price, "as", var successor, .. var rest] => Replace(
                account,
                order,
                quantity,
                price,
                successor,
                rest,
                sequence
            ),
            [var account, "replaces", var order, "by", var quantity, "at", var price, .. var rest] => Replace(
                account,
                order,
                quantity,
                price,
                $"the successor of {order}",
                rest,
                sequence
            ),
            [var order, var account, "buys" or "sells", var quantity, "of", var asset, "at", var price, .. var rest] => Place(
                order.TrimEnd(':'),
                account,
                words[2] == "buys" ? Side.Buy : Side.Sell,
                quantity,
                asset,
                price,
                rest,
                sequence
            ),
            _ => throw new FormatException($"what is '{string.Join(' ', words)}'?"),
        };

    public static (int Market, byte Outcome) Asset(string text)
    {
        var parts = text.Split(':');
        return (Int(parts[0]), Outcome(parts[1]));
    }

    private Command Place(
        string order,
        string account,
        Side side,
        string quantity,
        string asset,
        string price,
        string[] terms,
        long sequence
    )
    {
        names.Name(order, new OrderId(sequence));
        var (market, outcome) = Asset(asset);
        return WithTerms(
            new Command
            {
                Kind = CommandKind.PlaceOrder,
                Account = names.Account(account),
                Market = new MarketId(market),
                Outcome = outcome,
                Side = side,
                Quantity = new Quantity(Lots(quantity)),
                Price = Ticks(price),
            },
            terms
        );
    }

    private Command Replace(string account, string order, string quantity, string price, string successor, string[] terms, long sequence)
    {
        names.Name(successor, new OrderId(sequence));
        return WithTerms(
            new Command
            {
                Kind = CommandKind.ReplaceOrder,
                Account = names.Account(account),
                Order = names.Order(order),
                Quantity = new Quantity(Lots(quantity)),
                Price = Ticks(price),
            },
            terms
        );
    }

    private static Command WithTerms(Command command, ReadOnlySpan<string> terms) =>
        terms switch
        {
            [] => command,
            ["ioc", .. var rest] => WithTerms(command with { TimeInForce = TimeInForce.ImmediateOrCancel }, rest),
            ["fok", .. var rest] => WithTerms(command with { TimeInForce = TimeInForce.FillOrKill }, rest),
            ["until", var second, .. var rest] => WithTerms(
                command with
                {
                    TimeInForce = TimeInForce.GoodTilDate,
                    ExpiresAtSeconds = Int(second),
                },
                rest
            ),
            ["firm", .. var rest] => WithTerms(command with { Purse = PurseChoice.Vault }, rest),
            ["soft", .. var rest] => WithTerms(command with { Purse = PurseChoice.Wallet }, rest),
            ["firm-only", .. var rest] => WithTerms(command with { FirmOnly = true }, rest),
            ["post-only", .. var rest] => WithTerms(command with { PostOnly = true }, rest),
            ["spending", var money, .. var rest] => WithTerms(command with { Amount = new Amount(Micros(money)) }, rest),
            ["cancel-oldest", .. var rest] => WithTerms(command with { SelfTradePrevention = SelfTradePrevention.CancelOldest }, rest),
            ["cancel-both", .. var rest] => WithTerms(command with { SelfTradePrevention = SelfTradePrevention.CancelBoth }, rest),
            ["salt", var salt, .. var rest] => WithTerms(command with { SaltTag = (ulong)Int(salt) }, rest),
            _ => throw new FormatException($"what is '{terms[0]}'?"),
        };

    private Command Withdrawal(string account, string nonce) => new() { Account = names.Account(account), SaltTag = (ulong)Int(nonce) };

    private Command Observe(string account, string[] rest) =>
        new()
        {
            Kind = CommandKind.ObserveBalance,
            Account = names.Account(account),
            Block = BlockOf(rest),
        };

    private static Command Close(CommandKind kind, string trade, string[] rest) =>
        new()
        {
            Kind = kind,
            Trade = new TradeId(Int(trade)),
            Block = BlockOf(rest),
        };

    private static long BlockOf(string[] rest) => rest is ["block", var block] ? Int(block) : 0;

    private static Command State(string market, MarketState state) =>
        new()
        {
            Kind = CommandKind.SetMarketState,
            Market = Market(market),
            State = state,
        };

    private static MarketId Market(string text) => new(Int(text));

    private static byte Outcome(string text) =>
        text switch
        {
            "YES" => 0,
            "NO" => 1,
            _ => byte.Parse(text, CultureInfo.InvariantCulture),
        };

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static Price Ticks(string text) => new((int)(decimal.Parse(text, CultureInfo.InvariantCulture) * 10_000));

    private static long Lots(string text) => (long)(decimal.Parse(text, CultureInfo.InvariantCulture) * 100);

    private static long Micros(string text) => (long)(decimal.Parse(text, CultureInfo.InvariantCulture) * 1_000_000);
}
