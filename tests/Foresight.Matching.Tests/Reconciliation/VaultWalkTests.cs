using System.Globalization;
using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Firm;
using Foresight.Matching.Tests.Settlement;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>
/// No false alarm: random acts of accounts with money in the vault, settlement and follower a random step behind, and a run of the
/// reconciler after each. FORESIGHT_RANDOM_SEED chooses the seed and FORESIGHT_RANDOM_COMMANDS the acts.
/// </summary>
[Trait("Category", "Firm")]
public sealed class VaultWalkTests(ChainFixture fixture, ITestOutputHelper output) : IClassFixture<ChainFixture>
{
    private static readonly int Seed = Number("FORESIGHT_RANDOM_SEED") ?? 1;
    private static readonly int Acts = Number("FORESIGHT_RANDOM_COMMANDS") ?? 60;

    private static readonly WithdrawalDelay Delay = new(Blocks: 4, Seconds: 120);

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    /// <summary>Of one account first, so that each is done whatever the seed: a request, its cancel, and one that is paid.</summary>
    private static readonly int[] Once = [0, 1, 3, 2, 4, 5, 6];

    private readonly Random _random = new(Seed);
    private readonly Dictionary<string, int> _done = [];
    private readonly List<(Wallet To, WithdrawalMessage Message)> _coSigned = [];
    private FirmVenue _venue = null!;
    private Wallet[] _wallets = [];
    private Submitter _submitter = null!;
    private ulong _nonce;

    [Fact]
    public async Task WhateverAccountsDo_NothingIsFound_AndTheTotalsAreThoseOfTheVault()
    {
        output.WriteLine($"seed {Seed}, {Acts} acts");
        await using var venue = _venue = await FirmVenue.CreateAsync(fixture, Options, Delay);
        _wallets = [await venue.AddAsync(usdc: 1_000, shares: 100), await venue.AddAsync(500, 200), await venue.AddAsync(200, 50)];
        _submitter = venue.Venue.NewSubmitter();
        await venue.Live.ConfirmAsync();
        // One of each kind at least, whatever the seed.
        foreach (var (isBuy, isSet) in new[] { (true, false), (true, true), (false, true) })
            await TradeAsync(_wallets[0], _wallets[1], isBuy, isSet, ticks: 4_000, lots: 100, PurseChoice.Vault);
        await SettleAsync();
        var compared = 0;
        for (var act = 0; act < Acts; act++)
        {
            await ActAsync(act);
            if (_random.Next(3) == 0)
                await venue.Venue.StepAsync(_submitter);
            if (_random.Next(3) > 0)
                await venue.Venue.FollowAsync();
            if (await RunAsync($"act {act}"))
                compared++;
        }

        await DecideAsync();
        output.WriteLine(string.Join(", ", _done.Select(one => $"{one.Key} {one.Value}")) + $"; {compared} runs compared everything");
        // Without them the walk would prove nothing.
        foreach (var act in new[] { "deposit", "request", "cancel", "finish", "co-sign", "pay", "redeem" })
            Assert.True(_done.GetValueOrDefault(act) > 0, act);
        for (var kind = 0; kind < 3; kind++)
        {
            var trades = await venue.Venue.ScalarAsync<long>(
                "SELECT count(*) FROM trades WHERE firm AND kind = $1 AND settlement = 'final'",
                (short)kind
            );
            output.WriteLine($"{trades} firm trades of kind {kind}");
            Assert.True(trades > 0, $"trades of kind {kind}");
        }

        Assert.True(compared > Acts / 4, $"{compared} runs");
    }

    private async Task ActAsync(int act)
    {
        var (wallet, kind) = act < Once.Length ? (_wallets[0], Once[act]) : (_wallets[_random.Next(_wallets.Length)], _random.Next(10));
        var share = OutcomeTokenContract.IdOf(_venue.Venue.MarketAddress, _random.Next(2));
        var asset = act < Once.Length || _random.Next(3) > 0 ? VaultContract.Usdc : share;
        var amount = asset.IsZero
            ? (BigInteger)_random.Next(1, 200 * (int)VaultRuns.Usdc)
            : _random.Next(1, 3_000) * OrderMessage.AmountPerLot;
        switch (kind)
        {
            case 0:
                await TryAsync("deposit", wallet, VaultContract.Deposit(_random.Next(1, 50 * (int)VaultRuns.Usdc)));
                break;
            case 1 or 2:
                await TryAsync("request", wallet, VaultContract.RequestWithdrawal(asset, amount));
                break;
            case 3:
                await TryAsync("cancel", wallet, VaultContract.CancelWithdrawal(asset));
                break;
            case 4:
                await SettleAsync();
                await PassDelayAsync();
                foreach (var one in new[] { VaultContract.Usdc, share })
                    await TryAsync("finish", wallet, VaultContract.Finish(one, wallet.Account));
                break;
            case 5:
                _coSigned.Add((wallet, await _venue.GrantAsync(wallet, _random.Next(1, 100 * (int)VaultRuns.Usdc), ++_nonce)));
                await _venue.Venue.StepAsync(_submitter);
                break;
            case 6 when _coSigned.Count > 0:
                await PayAsync();
                break;
            default:
                await TradeAsync();
                break;
        }
    }

    private async Task PayAsync()
    {
        var (to, message) = _coSigned[_random.Next(_coSigned.Count)];
        _coSigned.Remove((to, message));
        // One that the engine refused has no row.
        if (
            !await _venue.Venue.ScalarAsync<bool>(
                "SELECT EXISTS (SELECT FROM withdrawals WHERE nonce = $1 AND co_signature IS NOT NULL)",
                (long)message.Nonce
            )
        )
            return;
        Count("co-sign");
        try
        {
            await _venue.PayAsync(to, message);
            Count("pay");
        }
        catch (InvalidOperationException refused) when (refused.Message.Contains("reverted", StringComparison.Ordinal))
        {
            Count("refused");
        }
    }

    private Task TradeAsync()
    {
        var (maker, taker) = (_wallets[_random.Next(3)], _wallets[_random.Next(3)]);
        var (ticks, lots) = (100 * _random.Next(1, 100), _random.Next(1, 500));
        var purse = _random.Next(4) > 0 ? PurseChoice.Vault : PurseChoice.Either;
        return TradeAsync(maker, taker, _random.Next(2) == 0, _random.Next(2) == 0, ticks, lots, purse);
    }

    /// <param name="isSet">Both buy, one outcome each, and a set is made for them; or both sell, and one is taken apart.</param>
    private async Task TradeAsync(Wallet maker, Wallet taker, bool isBuy, bool isSet, int ticks, int lots, PurseChoice purse)
    {
        await _venue.Live.PlaceAsync(_venue.Live.Sign(maker, isBuy, ticks, lots), purse: purse);
        await _venue.Live.PlaceAsync(
            isSet ? _venue.Live.Sign(taker, isBuy, 10_000 - ticks, lots, outcome: 1) : _venue.Live.Sign(taker, !isBuy, ticks, lots),
            purse: purse
        );
    }

    /// <summary>The delay is longer than the slowest settlement, so it does not pass while a trade waits.</summary>
    private async Task SettleAsync()
    {
        for (var block = 0; block < 20; block++)
        {
            await _venue.Venue.StepAsync(_submitter);
            await _venue.Live.MineAsync();
            await RunAsync($"block {block}");
            if (await _venue.Venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement NOT IN ('final', 'failed')") == 0)
                return;
        }

        Assert.Fail($"Seed {Seed}: a trade does not settle.");
    }

    /// <summary>The market's winner is decided, and everybody's shares in the vault are redeemed there.</summary>
    private async Task DecideAsync()
    {
        var at = _venue.Venue;
        await SettleAsync();
        await at.SendAsync(at.Operator.Key, at.MarketAddress, MarketContract.Resolve(0));
        await _venue.Live.ConfirmAsync();
        await RunAsync("announced");
        await PassDelayAsync();
        foreach (var wallet in _wallets)
        {
            for (var outcome = 0; outcome < 2; outcome++)
                await TryAsync(
                    "redeem",
                    wallet,
                    VaultContract.RedeemFor(wallet.Account, OutcomeTokenContract.IdOf(at.MarketAddress, outcome))
                );
            await RunAsync("redeemed");
        }

        await _venue.Live.MineAsync(Options.FinalityBlocks + 2);
        Assert.True(await RunAsync("the end"), "everything is compared in the end");
    }

    /// <returns>Whether nothing was left out.</returns>
    private async Task<bool> RunAsync(string when)
    {
        var result = await _venue.ReconcileAsync();
        Assert.True(result.Findings.Count == 0, $"Seed {Seed}, {when}: {string.Join("; ", result.Findings.Select(f => f.Summary))}");
        if (result.Vault is not { Totals: { } totals })
            return false;
        var usdc = new UsdcContract(_venue.Venue.Client, _venue.Venue.Deployment.Usdc);
        Assert.Equal((await usdc.BalanceOfAsync(_venue.Vault, totals.BlockNumber)).ToString(), totals.Usdc.Held);
        Assert.Equal(_wallets.Length, totals.Accounts);
        return result.Ahead.Count == 0;
    }

    private async Task PassDelayAsync()
    {
        await fixture.RequestAsync("evm_increaseTime", Delay.Seconds);
        await fixture.MineAsync((int)Delay.Blocks);
    }

    private async Task TryAsync(string act, Wallet wallet, byte[] call)
    {
        try
        {
            await _venue.Live.SendAsync(wallet, _venue.Vault, call);
            Count(act);
        }
        catch (InvalidOperationException refused) when (refused.Message.Contains("reverted", StringComparison.Ordinal))
        {
            Count("refused");
        }
    }

    private void Count(string act) => _done[act] = _done.GetValueOrDefault(act) + 1;

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
