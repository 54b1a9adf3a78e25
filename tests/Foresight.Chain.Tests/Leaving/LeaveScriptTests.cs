using System.Text.Json;
using Foresight.AppHost.Programs;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.Contracts;
using Foresight.Chain.Tests.DevChain;
using Foresight.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Foresight.Chain.Tests.Leaving;

/// <summary>Users run docs/leaving.md, with its script, when the settlement role is gone, so it must work without it.</summary>
[Trait("Category", "Trust")]
public sealed class LeaveScriptTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string User = "leaving user";
    private const string Buyer = "willing buyer";
    private const string PoorBuyer = "buyer without money";

    private readonly string _folder = Directory.CreateTempSubdirectory("foresight-leave-").FullName;
    private Exchange _exchange = null!;
    private string _packages = null!;

    public async Task InitializeAsync()
    {
        _packages = await ProgramFinder.Shared.RequireNpmAsync(["ethers@6.17.0"]);
        _exchange = await Exchange.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _exchange.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task WithTheSettlementRoleGone_AUserLeavesWithEverything_WithinTheStatedTime()
    {
        var (open, decided) = (await _exchange.MarketAsync(2), await _exchange.MarketAsync(3));
        var (user, buyer, other) = (
            await _exchange.TraderAsync(User, 100),
            await _exchange.TraderAsync(Buyer, 100),
            await _exchange.TraderAsync("other side", 100)
        );
        // The relayer sold 10 of the 30 shares of one outcome, so a set is incomplete; the market of the other 20 is then decided.
        await _exchange.MintSetAsync(open, user, 3_000);
        await _exchange.MintSetAsync(decided, user, 2_000);
        var resting = _exchange.Leg(open, user, 0, isBuy: true, 9_000, 5_000);
        await _exchange.SettleAsync(
            open,
            _exchange.Match(_exchange.Leg(open, user, 0, false, 6_000, 1_000), _exchange.Leg(open, other, 0, true, 6_000, 1_000))
        );
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, decided.Address, Calls.Market("resolve", 1));
        var sign = await _exchange.Factory.LastSignOfLifeAsync();
        var life = (long)MarketFactoryContract.DefaultOrderLife.TotalSeconds;
        await _exchange.Chain.RequestAsync("evm_setAutomine", true);

        // No settlement happens from here on. Calls that need no role work at once; the shares of one outcome wait for escape mode.
        // The first is of a buyer without money, the second has expired by then: neither may keep the third, or what comes after it.
        var lasting = sign + life + 3_600;
        await _exchange.TraderAsync(PoorBuyer, 0);
        var offers = await WriteAsync(
            await OfferAsync(PoorBuyer, open, outcome: 1, lasting),
            await OfferAsync(Buyer, open, outcome: 1, expiry: sign + life),
            await OfferAsync(Buyer, open, outcome: 1, lasting)
        );
        var (early, said, first) = await LeaveAsync(offers, "--cancel", $"{open.Address}:{resting.Order.Salt}");
        Assert.Equal(1, early);
        Assert.Contains($"cancelled salt {resting.Order.Salt}", first, StringComparison.Ordinal);
        Assert.True(
            await open.ReadAsync<bool>(
                ContractArtifact.Market.Function("isSaltCancelled"),
                default,
                default,
                user.Address,
                resting.Order.Salt
            )
        );
        Assert.Equal(["10.0"], said.GetProperty("left").EnumerateArray().Select(l => l.GetProperty("shares").GetString()));
        Assert.Equal("95.6", said.GetProperty("usdcAfter").GetString());
        Assert.Equal(0, await _exchange.LotsOfAsync(open, 0, user.Address));

        await _exchange.MineAtAsync(sign + life + 1);
        var (late, done, text) = await LeaveAsync(offers);

        Assert.Contains("passed over: InsufficientCollateral", text, StringComparison.Ordinal);
        Assert.Contains("passed over: OrderExpired", text, StringComparison.Ordinal);
        Assert.Equal(0, late);
        Assert.Empty(done.GetProperty("left").EnumerateArray());
        // 100 paid in; 10 shares sold at 0.60 and 10 at 0.45, of a set that cost 1; 2 % fee on 20 redeemed.
        Assert.Equal(Exchange.Micros(100 - 10 + 6 + 4.5m - 0.4m), await _exchange.MicrosOfAsync(user.Address));
        Assert.Equal(1_000, await _exchange.LotsOfAsync(open, 1, buyer.Address));
        Assert.Equal(0, await _exchange.Usdc.AllowanceAsync(user.Address, _exchange.Factory.Address));
        Assert.InRange(await _exchange.NowAsync(), sign + life + 1, sign + life + 60);
    }

    /// <summary>Somebody who adds an offer to a user's file must not get the shares for less than another one pays.</summary>
    [Fact]
    public async Task OffersAreTaken_BestPriceFirst_WhateverTheirOrderInTheFile_AndNoneBelowTheLeast()
    {
        var market = await _exchange.MarketAsync(2);
        var user = await _exchange.TraderAsync(User, 100);
        await _exchange.TraderAsync(Buyer, 100);
        var other = await _exchange.TraderAsync("other side", 100);
        await _exchange.MintSetAsync(market, user, 1_000);
        await _exchange.SettleAsync(
            market,
            _exchange.Match(_exchange.Leg(market, user, 0, false, 6_000, 1_000), _exchange.Leg(market, other, 0, true, 6_000, 1_000))
        );
        var sign = await _exchange.Factory.LastSignOfLifeAsync();
        var life = (long)MarketFactoryContract.DefaultOrderLife.TotalSeconds;
        await _exchange.Chain.RequestAsync("evm_setAutomine", true);
        var lasting = sign + life + 3_600;
        var offers = await WriteAsync(
            $$"""{"market":"{{market.Address}}","order":{"price":"much"},"signature":"0x"}""",
            await OfferAsync(Buyer, market, outcome: 1, lasting, price: "0.01"),
            await OfferAsync(Buyer, market, outcome: 1, lasting, price: "0.30", shares: "2"),
            await OfferAsync(Buyer, market, outcome: 1, lasting, price: "0.45", shares: "5"),
            await OfferAsync(Buyer, market, outcome: 1, lasting, price: "0.09")
        );
        await _exchange.MineAtAsync(sign + life + 1);

        var (early, said, text) = await LeaveAsync(offers, "--least-price", "0.30");
        Assert.Equal(1, early);
        Assert.Contains("passed over: its price, 0.09, is below 0.3", text, StringComparison.Ordinal);
        Assert.Equal(["3.0"], said.GetProperty("left").EnumerateArray().Select(l => l.GetProperty("shares").GetString()));
        Assert.Equal(Exchange.Micros(100 - 10 + 6 + 2.25m + 0.6m), await _exchange.MicrosOfAsync(user.Address));

        var (late, _, _) = await LeaveAsync(offers);
        Assert.Equal(0, late);
        Assert.Equal(Exchange.Micros(100 - 10 + 6 + 2.25m + 0.6m + 0.27m), await _exchange.MicrosOfAsync(user.Address));
    }

    /// <summary>Public nodes refuse events of many blocks, and some of fewer than the script begins with.</summary>
    [Fact]
    public async Task Markets_AreLookedForInBoundedRanges_ThatAdaptToTheNode()
    {
        var market = await _exchange.MarketAsync(2);
        var user = await _exchange.TraderAsync(User, 100);
        await _exchange.MintSetAsync(market, user, 3_000);
        await _exchange.Chain.MineAsync(250);
        await _exchange.Chain.RequestAsync("evm_setAutomine", true);
        await using var node = new BoundedNode(_exchange.Chain.Endpoint, mostBlocks: 30);
        var (code, text) = await RunAsync(User, "leave", ["--blocks", "100"], node.Endpoint);
        Assert.Equal(0, code);
        Assert.Contains("merged 30.0 sets", text, StringComparison.Ordinal);
        Assert.True(node.Refused > 0, "the node had nothing to refuse");
        Assert.All(node.Ranges, range => Assert.InRange(range.Last - range.First + 1, 1, 100));
        var taken = node.Ranges.Where(range => range.Last - range.First < 30).ToList();
        Assert.Equal(0, taken[0].First);
        Assert.All(taken.Zip(taken.Skip(1)), pair => Assert.Equal(pair.First.Last + 1, pair.Second.First));
        Assert.True(taken[^1].Last >= 250, $"the last range ends at {taken[^1].Last}");
    }

    private async Task<string> OfferAsync(
        string buyer,
        MarketContract market,
        int outcome,
        long expiry,
        string price = "0.45",
        string shares = "25"
    )
    {
        var (code, text) = await RunAsync(
            buyer,
            "offer",
            [
                "--market",
                market.Address.ToString(),
                "--outcome",
                $"{outcome}",
                "--price",
                price,
                "--shares",
                shares,
                "--expiry",
                $"{expiry}",
            ]
        );
        Assert.Equal(0, code);
        return text.TrimEnd().Split('\n')[^1];
    }

    private async Task<string> WriteAsync(params string[] offers)
    {
        var file = Path.Combine(_folder, "offers.json");
        await File.WriteAllTextAsync(file, $"[{string.Join(',', offers)}]");
        return file;
    }

    private async Task<(int ExitCode, JsonElement Said, string Output)> LeaveAsync(string offers, params string[] more)
    {
        var (code, text) = await RunAsync(User, "leave", ["--offers", offers, .. more]);
        return (code, JsonDocument.Parse(text.TrimEnd().Split('\n')[^1]).RootElement, text);
    }

    private async Task<(int ExitCode, string Output)> RunAsync(
        string phrase,
        string verb,
        IReadOnlyList<string> arguments,
        Uri? endpoint = null
    )
    {
        var file = Path.Combine(_folder, "key.txt");
        await File.WriteAllTextAsync(file, Keccak256.HashText(phrase).ToString());
        var (code, text) = await RepositoryScript.RunInAsync(
            _packages,
            Path.Combine(Repository.Root, "docs", "leave.mjs"),
            [
                verb,
                "--rpc",
                (endpoint ?? _exchange.Chain.Endpoint).ToString(),
                "--factory",
                _exchange.Factory.Address.ToString(),
                "--key-file",
                file,
                .. arguments,
            ]
        );
        output.WriteLine(text);
        return (code, text);
    }
}
