using System.Globalization;
using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;
using Xunit.Abstractions;

namespace Foresight.Chain.Tests.Firm;

/// <summary>
/// A walk of random acts, some of them refused, beside a ledger that is kept here by the rules. After each act the vault's purses are
/// those of the ledger, the vault holds what it owes, and no money or share appeared or vanished. FORESIGHT_RANDOM_SEED chooses the
/// first seed and FORESIGHT_RANDOM_COMMANDS the acts of each.
/// </summary>
[Trait("Category", "Firm")]
public sealed class VaultConservationTests(FirmFixture fixture, ITestOutputHelper output) : FirmScenario(fixture)
{
    private const int Traders = 4;

    private static readonly int FirstSeed = Number("FORESIGHT_RANDOM_SEED") ?? 1;
    private static readonly int Acts = Number("FORESIGHT_RANDOM_COMMANDS") ?? 200;

    private readonly Dictionary<(Address Account, BigInteger Asset), VaultPurse> _ledger = [];
    private PrivateKey[] _traders = [];
    private MarketContract _market = null!;
    private int _outcomes;
    private int _nonce;
    private Random _random = null!;

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 3)]
    public async Task MoneyAndShares_AreConserved_AndNoPathPaysTwice(int walk, int outcomes)
    {
        var seed = FirstSeed + walk;
        output.WriteLine($"seed {seed}, {Acts} acts, {outcomes} outcomes");
        (_random, _outcomes, _market) = (new Random(seed), outcomes, await Venue.MarketAsync(outcomes));
        _traders = new PrivateKey[Traders];
        for (var i = 0; i < Traders; i++)
        {
            _traders[i] = await TraderAsync($"walk {seed} {i}", 0, inWallet: 100);
            await DepositAsync(_traders[i], Exchange.Micros(50));
        }

        var (done, firm, mixed) = (0, 0, 0);
        for (var act = 0; act < Acts; act++)
        {
            try
            {
                var (acts, firmTrades, mixedTrades) = await ActAsync();
                (done, firm, mixed) = (done + acts, firm + firmTrades, mixed + mixedTrades);
                await CheckAsync();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"Seed {seed}, act {act}: {e.Message}", e);
            }
        }

        output.WriteLine($"{done} acts done, {firm} firm trades, {mixed} of vault and wallet");
        // Without them the walk would prove nothing.
        Assert.True(done > Acts / 4 && firm > Acts / 30 && mixed > Acts / 50);
        await EverythingLeavesAsync();
    }

    private async Task<(int Done, int Firm, int Mixed)> ActAsync()
    {
        var trader = AnyTrader();
        var share = Share(_market, _random.Next(_outcomes));
        var asset = _random.Next(2) == 0 ? Usdc : share;
        switch (_random.Next(14))
        {
            case 0:
                return Count(await DepositAsync(trader, Exchange.Micros(_random.Next(1, 60))));
            case 1:
                var lots = AnyLots();
                var moved = await Chain.SendAsync(
                    trader,
                    Venue.Shares.Address,
                    TransferShares(trader.Address, share, Amount(lots)),
                    2_000_000
                );
                if (moved.Succeeded)
                    Credit(trader.Address, share, Amount(lots));
                return Count(moved.Succeeded);
            case 2 or 3:
                return Count(await RequestAsync(trader, asset, asset.IsZero ? Exchange.Micros(_random.Next(1, 80)) : Amount(AnyLots())));
            case 4:
                return Count(await CancelAsync(trader, asset));
            case 5 or 6:
                return Count(await FinishAsync(trader, asset));
            case 7:
                return Count(
                    await WithdrawNowAsync(trader, asset, asset.IsZero ? Exchange.Micros(_random.Next(1, 80)) : Amount(AnyLots()))
                );
            case 8:
                var mint = _random.Next(3) > 0;
                var call = mint ? MarketContract.MintSet(Amount(AnyLots())) : ContractArtifact.Market.Encode("mergeSet", Amount(AnyLots()));
                return Count((await Chain.SendAsync(trader, _market.Address, call, 2_000_000)).Succeeded);
            case 9:
                if (_random.Next(2) == 0)
                    await Chain.MineAsync(_random.Next(1, (int)Delay.Blocks + 10));
                else
                    await Venue.MineAtAsync(await Venue.NowAsync() + _random.Next(1, (int)Delay.Seconds + 300));
                return default;
            default:
                return await SettleAsync();
        }
    }

    private async Task<(int Done, int Firm, int Mixed)> SettleAsync()
    {
        MarketMatch[] matches = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => AnyMatch())];
        var (events, _) = await Venue.SettleAsync(_market, matches);
        var settled = events.OfType<MarketEvent.TradeSettled>().Select(e => e.TradeId).ToHashSet();
        var (firm, mixed) = (0, 0);
        foreach (var match in matches)
        {
            var isFirm = match.Legs.All(l => l.OfVault);
            // A firm trade settles exactly when its purses have what it takes.
            if (isFirm)
                Assert.Equal(CanAfford(match), settled.Contains(match.TradeId));
            if (!settled.Contains(match.TradeId))
                continue;
            Apply([.. match.Legs.Where(l => l.OfVault)]);
            if (isFirm)
                firm++;
            else if (match.Legs.Any(l => l.OfVault))
                mixed++;
        }

        return (settled.Count, firm, mixed);
    }

    private MarketMatch AnyMatch()
    {
        // Often firm, often of wallets, often both.
        var purse = _random.Next(3);
        var lots = AnyLots();
        MarketLeg Leg(int outcome, bool isBuy, int price) =>
            Venue.Leg(_market, AnyTrader(), outcome, isBuy, price, lots) with
            {
                OfVault = purse == 0 || (purse == 1 && _random.Next(2) == 0),
            };
        if (_random.Next(2) == 0)
        {
            var (outcome, price) = (_random.Next(_outcomes), _random.Next(1, 10_000));
            return Venue.Match(Leg(outcome, true, price), Leg(outcome, false, price));
        }

        var isMint = _random.Next(2) == 0;
        var prices = Enumerable.Range(0, _outcomes).Select(_ => _random.Next(1, 10_000 / _outcomes)).ToArray();
        prices[^1] = 10_000 - prices[..^1].Sum();
        MarketLeg[] legs = [.. prices.Select((price, k) => Leg(k, isMint, price))];
        _random.Shuffle(legs);
        return Venue.Match(legs);
    }

    private async Task<bool> DepositAsync(PrivateKey trader, BigInteger micros)
    {
        var affords = await Venue.MicrosOfAsync(trader.Address) >= micros;
        var receipt = await SendAtAsync(trader, VaultContract.Deposit(micros));
        Assert.Equal(affords, receipt.Succeeded);
        if (affords)
            Credit(trader.Address, Usdc, micros);
        return affords;
    }

    private async Task<bool> RequestAsync(PrivateKey trader, BigInteger asset, BigInteger amount)
    {
        var purse = Purse(trader.Address, asset);
        var moved = BigInteger.Min(amount, purse.Free);
        var receipt = await SendAtAsync(trader, VaultContract.RequestWithdrawal(asset, amount));
        Assert.Equal(moved > 0, receipt.Succeeded);
        if (!receipt.Succeeded)
            return false;
        var e = VaultContract.WithdrawalRequested.Decode(Assert.Single(receipt.Logs));
        _ledger[(trader.Address, asset)] = new VaultPurse(
            purse.Free - moved,
            purse.Leaving + moved,
            (long)e.Integer("readyBlock"),
            (long)e.Integer("readyTime")
        );
        return true;
    }

    private async Task<bool> CancelAsync(PrivateKey trader, BigInteger asset)
    {
        var purse = Purse(trader.Address, asset);
        var receipt = await SendAtAsync(trader, VaultContract.CancelWithdrawal(asset));
        Assert.Equal(purse.Leaving > 0, receipt.Succeeded);
        if (receipt.Succeeded)
            _ledger[(trader.Address, asset)] = purse with { Free = purse.Free + purse.Leaving, Leaving = 0 };
        return receipt.Succeeded;
    }

    private async Task<bool> FinishAsync(PrivateKey trader, BigInteger asset)
    {
        var purse = Purse(trader.Address, asset);
        var receipt = await SendAtAsync(trader, VaultContract.Finish(asset, trader.Address));
        var now = (await Chain.Client.GetBlockAsync(receipt.BlockNumber))!.Timestamp;
        Assert.Equal(purse.Leaving > 0 && receipt.BlockNumber >= purse.ReadyBlock && now >= purse.ReadyTime, receipt.Succeeded);
        if (receipt.Succeeded)
            _ledger[(trader.Address, asset)] = purse with { Leaving = 0 };
        return receipt.Succeeded;
    }

    private async Task<bool> WithdrawNowAsync(PrivateKey trader, BigInteger asset, BigInteger amount)
    {
        var message = new WithdrawalMessage(trader.Address, asset, amount, ++_nonce, Word.MaxUInt256);
        var domain = WithdrawalMessage.DomainOf(AnvilChain.ChainId, Vault.Address);
        var call = VaultContract.WithdrawNow(message, trader.Address, Venue.Operator.Sign(domain.Digest(message.StructHash())));
        var purse = Purse(trader.Address, asset);
        var receipt = await SendAtAsync(trader, call);
        Assert.Equal(amount <= purse.Free + purse.Leaving, receipt.Succeeded);
        if (!receipt.Succeeded)
            return false;
        Debit(trader.Address, asset, amount);
        Assert.False((await SendAtAsync(trader, call)).Succeeded);
        return true;
    }

    /// <summary>Winners are redeemed, all withdraw, and the vault is empty.</summary>
    private async Task EverythingLeavesAsync()
    {
        await Chain.ExecuteAsync(Venue.Resolver, _market.Address, MarketContract.Resolve(_outcomes - 1));
        var winning = Share(_market, _outcomes - 1);
        foreach (var trader in _traders)
        {
            await CancelAsync(trader, winning);
            await CancelAsync(trader, Usdc);
        }

        await PassDelayAsync();
        foreach (var trader in _traders)
        {
            var won = Purse(trader.Address, winning).Free;
            if (won > 0)
            {
                await ExecuteAsync(_traders[0], VaultContract.RedeemFor(trader.Address, winning));
                var paid = won / BigInteger.Pow(10, 12);
                _ledger[(trader.Address, winning)] = default;
                Credit(trader.Address, Usdc, paid - (paid * 200 / 10_000));
            }

            var lots = await Venue.LotsOfAsync(_market, _outcomes - 1, trader.Address);
            if (lots > 0)
                await Chain.ExecuteAsync(trader, _market.Address, ContractArtifact.Market.Encode("redeem", _outcomes - 1, Amount(lots)));
            await RequestAsync(trader, Usdc, Word.MaxUInt256);
        }

        await PassDelayAsync();
        foreach (var trader in _traders)
            await FinishAsync(trader, Usdc);
        Assert.Equal(0, await Venue.MicrosOfAsync(Vault.Address));
        Assert.Equal(0, await Vault.SetsAsync(_market.Address));
        await Chain.ExecuteAsync(_traders[0], _market.Address, ContractArtifact.Market.Encode("withdrawFees"));
        Assert.Equal(0, await Venue.MicrosOfAsync(_market.Address));
        foreach (var trader in _traders)
            Assert.Equal(BigInteger.Zero, (await Vault.PurseAsync(trader.Address, Usdc)).Free);
    }

    private async Task CheckAsync()
    {
        BigInteger[] assets = [Usdc, .. Enumerable.Range(0, _outcomes).Select(k => Share(_market, k))];
        var call = VaultContract.AmountsOfFunction.Encode(
            _traders.Select(t => (object)t.Address).ToArray(),
            assets.Select(a => (object)a).ToArray()
        );
        var answer = VaultContract.AmountsOfFunction.DecodeOutput(await Chain.Client.CallAsync(new CallRequest(Vault.Address, call)));
        var expected = _traders.SelectMany(t => assets.Select(a => Purse(t.Address, a))).SelectMany(p => new[] { p.Free, p.Leaving });
        Assert.Equal(expected, ((object[])answer[0]).Cast<BigInteger>());

        var sets = await Vault.SetsAsync(_market.Address);
        BigInteger owed = sets / BigInteger.Pow(10, 12);
        foreach (var trader in _traders)
            owed += Purse(trader.Address, Usdc).Free + Purse(trader.Address, Usdc).Leaving;
        var held = await Venue.MicrosOfAsync(Vault.Address);
        Assert.Equal(owed, held);

        var supplies = new HashSet<BigInteger>();
        var least = Word.MaxUInt256;
        for (var k = 0; k < _outcomes; k++)
        {
            var inVault = await Venue.Shares.BalanceOfAsync(Vault.Address, Share(_market, k));
            BigInteger inPurses = 0;
            var supply = inVault;
            foreach (var trader in _traders)
            {
                inPurses += Purse(trader.Address, Share(_market, k)).Free + Purse(trader.Address, Share(_market, k)).Leaving;
                supply += await Venue.Shares.BalanceOfAsync(trader.Address, Share(_market, k));
            }

            Assert.Equal(inPurses, sets + inVault);
            supplies.Add(supply);
            least = BigInteger.Min(least, inVault);
        }

        Assert.Equal(0, least);
        var collateral = await Venue.MicrosOfAsync(_market.Address);
        Assert.Equal(Assert.Single(supplies) / BigInteger.Pow(10, 12), collateral);
        var wallets = BigInteger.Zero;
        foreach (var trader in _traders)
            wallets += await Venue.MicrosOfAsync(trader.Address);
        Assert.Equal(Traders * Exchange.Micros(100), wallets + held + collateral);
    }

    private bool CanAfford(MarketMatch match)
    {
        var needs = new Dictionary<(Address, BigInteger), BigInteger>();
        foreach (var leg in match.Legs)
        {
            var (asset, amount) = Pays(leg);
            needs[(leg.Order.Maker, asset)] = needs.GetValueOrDefault((leg.Order.Maker, asset)) + amount;
        }

        // Nothing that comes in by a match pays for another leg of it.
        return needs.All(n => n.Value <= Purse(n.Key.Item1, n.Key.Item2).Free + Purse(n.Key.Item1, n.Key.Item2).Leaving);
    }

    /// <summary>An account on both sides pays first, as in the contract: what leaves is drawn on before something comes in.</summary>
    private void Apply(MarketLeg[] legs)
    {
        foreach (var leg in legs)
            Debit(leg.Order.Maker, Pays(leg).Asset, Pays(leg).Amount);
        foreach (var leg in legs)
        {
            if (leg.Order.IsBuy)
                Credit(leg.Order.Maker, Share(_market, (int)leg.Order.OutcomeIndex), leg.Amount);
            else
                Credit(leg.Order.Maker, Usdc, Cost(leg));
        }
    }

    private (BigInteger Asset, BigInteger Amount) Pays(MarketLeg leg) =>
        leg.Order.IsBuy ? (Usdc, Cost(leg)) : (Share(_market, (int)leg.Order.OutcomeIndex), leg.Amount);

    private static BigInteger Cost(MarketLeg leg) => leg.Price * leg.Amount / BigInteger.Pow(10, 18);

    private VaultPurse Purse(Address account, BigInteger asset) => _ledger.GetValueOrDefault((account, asset));

    private void Credit(Address account, BigInteger asset, BigInteger amount)
    {
        var purse = Purse(account, asset);
        _ledger[(account, asset)] = purse with { Free = purse.Free + amount };
    }

    private void Debit(Address account, BigInteger asset, BigInteger amount)
    {
        var purse = Purse(account, asset);
        var ofFree = BigInteger.Min(amount, purse.Free);
        _ledger[(account, asset)] = purse with { Free = purse.Free - ofFree, Leaving = purse.Leaving - (amount - ofFree) };
    }

    private PrivateKey AnyTrader() => _traders[_random.Next(Traders)];

    private long AnyLots() => _random.Next(1, 800);

    private static (int, int, int) Count(bool done) => (done ? 1 : 0, 0, 0);

    private static int? Number(string name) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
