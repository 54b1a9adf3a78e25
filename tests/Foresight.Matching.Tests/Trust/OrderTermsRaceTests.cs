using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Trust;

/// <summary>
/// The signature does not cover the terms of an order, so any holder (a proxy, another Api node, the trader's own retry) can send it
/// with others at the same moment. FORESIGHT_REPEAT multiplies the rounds.
/// </summary>
[Collection(ChainCollection.Name)]
[Trait("Category", "Trust")]
public sealed class OrderTermsRaceTests(ChainFixture stores, ITestOutputHelper output) : IAsyncLifetime
{
    private const int Buyer = 1;
    private const int Seller = 2;
    private const int Market = 1;
    private const int Ticks = 5_000;

    private static readonly int Rounds = 60 * Repeat.Times;

    private static readonly (int TimeInForce, bool PostOnly, string? ClientOrderId)[] Terms =
    [
        (0, false, null),
        (0, true, null),
        (0, false, "mine"),
        (Ioc, false, null),
        (Fok, false, null),
    ];

    private const int Ioc = 2;
    private const int Fok = 3;

    private readonly int _seed = Environment.TickCount;
    private Traders _traders = null!;
    private Random _random = null!;
    private RunningExchange _exchange = null!;

    public async Task InitializeAsync()
    {
        output.WriteLine($"Seed {_seed}.");
        (_traders, _random) = (new Traders(_seed), new Random(_seed));
        _exchange = await RunningExchange.StartAsync(stores, output);
        await _exchange.Nodes.Router.AcceptAsync(Traders.Fund(Buyer), Traders.Fund(Seller), Traders.FundShares(Seller, Market, 0));
    }

    public async Task DisposeAsync()
    {
        await JournalChecks.AssertSoundAsync(_exchange.Cluster);
        await _exchange.DisposeAsync();
    }

    [Fact]
    public async Task OneSignatureWithTwoSetsOfTerms_AtOnceAtTwoNodes_IsOneOrder_AndNeverRestsWithTheOthers()
    {
        var wins = new Dictionary<string, int>();
        for (var round = 0; round < Rounds; round++)
        {
            var isMet = _random.Next(2) == 0;
            // Half of what the order wants, so that FOK and post-only are refused and IOC is killed after a part.
            var ask = _traders.Place(Seller, Market, 0, isBuy: false, Ticks, lots: 5);
            if (isMet)
                Assert.Equal(201, (await _exchange.PlaceAsync(0, ask)).Status);
            var signed = _traders.Place(Buyer, Market, 0, isBuy: true, Ticks, lots: 10);
            var pair = Terms.OrderBy(_ => _random.Next()).Take(2).Select(terms => With(signed, terms)).ToArray();
            var first = _random.Next(2);

            var answers = await Task.WhenAll(_exchange.PlaceAsync(first, pair[0]), _exchange.PlaceAsync(1 - first, pair[1]));

            var (winner, loser) = answers[0].Code == ProblemCodes.OrderTermsDiffer ? (1, 0) : (0, 1);
            var (won, lost) = (answers[winner], answers[loser]);
            var what = $"round {round}, seed {_seed}: {pair[0]} {answers[0]}; {pair[1]} {answers[1]}";
            Assert.True((lost.Status, lost.Code) == (409, ProblemCodes.OrderTermsDiffer), what);
            Assert.True(lost.Body.GetProperty("differs").GetArrayLength() > 0, what);
            Assert.True((won.Status, won.Code) == ExpectedOf(pair[winner], isMet), what);
            await AssertIsTheOneOrderAsync(pair[winner], isMet, what);

            // Later either set of terms comes again, at either node.
            foreach (var node in new[] { 0, 1 })
            {
                Assert.Equal(ProblemCodes.OrderTermsDiffer, (await _exchange.PlaceAsync(node, pair[loser])).Code);
                Assert.Equal(ProblemCodes.DuplicateOrder, (await _exchange.PlaceAsync(node, pair[winner])).Code);
            }

            await AssertIsTheOneOrderAsync(pair[winner], isMet, what);
            await _exchange.CancelAsync(0, Traders.SignedCancel(Buyer, Market, signed.Salt));
            await _exchange.CancelAsync(1, Traders.SignedCancel(Seller, Market, ask.Salt));
            var name = Describe(pair[winner]);
            wins[name] = wins.GetValueOrDefault(name) + 1;
        }

        output.WriteLine(string.Join(", ", wins.OrderBy(win => win.Key).Select(win => $"{win.Key} won {win.Value}")));
        Assert.Equal(0L, await LiveAsync());
    }

    [Fact]
    public async Task ACancelThatRacesItsOrder_OverTwoNodes_WinsForEver_AndDoesNothingMore()
    {
        var (overtook, overtaken) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var order = With(_traders.Place(Buyer, Market, 0, isBuy: true, Ticks, lots: 10), Terms[_random.Next(Terms.Length)]);
            var cancel = Traders.SignedCancel(Buyer, Market, order.Salt);
            var what = $"round {round}, seed {_seed}: {Describe(order)}";
            var node = _random.Next(2);
            // Every third cancel has certainly overtaken its order.
            var early = round % 3 == 0 ? await _exchange.CancelAsync(node, cancel) : null;
            var placing = _exchange.PlaceAsync(1 - node, order);
            var cancelled = early ?? await _exchange.CancelAsync(node, cancel);
            var placed = await placing;

            Assert.True(cancelled.Status == 200, $"{what}: {cancelled}");
            if (placed.Code == ProblemCodes.SaltCancelled)
                overtook++;
            else
                overtaken++;
            Assert.True(early is null || placed.Code == ProblemCodes.SaltCancelled, $"{what}: {placed}");
            foreach (var again in new[] { 0, 1 })
            {
                var code = (await _exchange.PlaceAsync(again, order with { ClientOrderId = "again" })).Code;
                Assert.True(code is ProblemCodes.SaltCancelled or ProblemCodes.OrderTermsDiffer, $"{what}: {code}");
            }

            Assert.Equal(0L, await LiveAsync());
        }

        output.WriteLine($"{overtook} cancels overtook their orders, {overtaken} did not");
        await AssertOldCancelsDoNothingAsync();
    }

    /// <summary>
    /// A cancel's signature is public once it was sent, so it must not reach an order that comes later, nor another market.
    /// </summary>
    private async Task AssertOldCancelsDoNothingAsync()
    {
        var used = _traders.Place(Buyer, Market, 0, isBuy: true, Ticks, lots: 10);
        var cancel = Traders.SignedCancel(Buyer, Market, used.Salt);
        await _exchange.PlaceAsync(0, used);
        var first = await _exchange.CancelAsync(1, cancel);
        Assert.Equal((200, 0L), (first.Status, await LiveAsync()));
        var later = _traders.Place(Buyer, Market, 0, isBuy: true, Ticks, lots: 10);
        Assert.Equal(201, (await _exchange.PlaceAsync(0, later)).Status);
        var commands = await CommandsAsync();
        foreach (var node in new[] { 0, 1 })
        {
            var again = await _exchange.CancelAsync(node, cancel);
            Assert.Equal((200, 0), (again.Status, again.Body.GetProperty("cancelled").GetArrayLength()));
            Assert.Equal(first.Body.GetProperty("sequence").GetInt64(), again.Body.GetProperty("sequence").GetInt64());
            Assert.Equal(ProblemCodes.InvalidSignature, (await _exchange.CancelAsync(node, cancel with { MarketId = 2 })).Code);
            Assert.Equal(ProblemCodes.InvalidSignature, (await _exchange.CancelAsync(node, cancel with { Salt = later.Salt })).Code);
        }

        Assert.Equal((commands, 1L), (await CommandsAsync(), await LiveAsync()));
    }

    private async Task AssertIsTheOneOrderAsync(PlaceOrder order, bool isMet, string what)
    {
        const string Sql = "SELECT concat_ws(' ', time_in_force, post_only, client_order_id, status) FROM orders WHERE order_hash = ";
        var (open, partlyFilled, cancelled, rejected) = (0, 1, 3, 5);
        var status = order switch
        {
            { TimeInForce: Fok } => rejected,
            { TimeInForce: Ioc } => cancelled,
            { PostOnly: true } when isMet => rejected,
            _ => isMet ? partlyFilled : open,
        };
        var terms = string.Join(
            ' ',
            new[] { $"{order.TimeInForce}", order.PostOnly ? "t" : "f", order.ClientOrderId, $"{status}" }.Where(term => term is not null)
        );
        var stored = await _exchange.Cluster.ScalarAsync<string>($"{Sql} decode('{order.Hash[2..]}', 'hex')");
        Assert.True(terms == stored, $"{what}: stored as {stored} and not as {terms}");
    }

    private static (int Status, string? Code) ExpectedOf(PlaceOrder order, bool isMet) =>
        order switch
        {
            { TimeInForce: Fok } => (422, ProblemCodes.WouldNotFill),
            { PostOnly: true } when isMet => (422, ProblemCodes.WouldCross),
            _ => (201, null),
        };

    private static PlaceOrder With(PlaceOrder order, (int TimeInForce, bool PostOnly, string? ClientOrderId) terms) =>
        order with
        {
            TimeInForce = terms.TimeInForce,
            PostOnly = terms.PostOnly,
            ClientOrderId = terms.ClientOrderId,
        };

    private static string Describe(PlaceOrder order) =>
        order.TimeInForce switch
        {
            Ioc => "IOC",
            Fok => "FOK",
            _ when order.PostOnly => "GTC post-only",
            _ => order.ClientOrderId is null ? "GTC" : "GTC with an id",
        };

    private Task<long> LiveAsync() => _exchange.Cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status IN (0, 1)");

    private Task<long> CommandsAsync() => _exchange.Cluster.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind IN (3, 5)");
}
