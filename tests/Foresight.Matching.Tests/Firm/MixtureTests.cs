using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.Firm;

/// <summary>
/// The adversaries together, in an order that a seed decides (<c>FORESIGHT_SEED</c> repeats one): several accounts, trades of the vault, of
/// wallets and of both, and whatever any maker can do between their match and their settlement.
/// </summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class MixtureTests(ChainFixture fixture, ITestOutputHelper output)
{
    private const int Accounts = 4;
    private const int Rounds = 3;
    private const int TradesOfARound = 8;
    private const int MostBlocks = 40;
    private const long Micro = 1_000_000;

    private static readonly BigInteger AmountPerShare = 100 * OrderMessage.AmountPerLot;

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 8,
    };

    private readonly List<string> _acts = [];
    private readonly HashSet<Address> _mayFail = [];
    private readonly List<(Wallet Owner, byte[] Call)> _payments = [];
    private readonly List<LiveOrder> _orders = [];
    private FirmVenue _venue = null!;
    private Random _dice = null!;
    private Wallet[] _wallets = [];
    private ulong _nonce = FirmVenue.FirstNonce;
    private bool _isPaused;

    [Fact]
    public async Task FirmTrades_SettleOnce_UnderAnyMixtureOfActs_AndTheLedgerIsTheChains()
    {
        var given = Environment.GetEnvironmentVariable("FORESIGHT_SEED");
        var seed = given is null ? Environment.TickCount : int.Parse(given);
        output.WriteLine($"seed {seed}");
        _dice = new Random(seed);
        _venue = await FirmVenue.CreateAsync(fixture, Options);
        await using var _ = _venue;
        _wallets = new Wallet[Accounts];
        for (var i = 0; i < Accounts; i++)
            _wallets[i] = await _venue.AddAsync(usdc: 2_000, shares: 2_000);
        await fixture.MineAsync(Options.FinalityBlocks);
        await _venue.Venue.FollowAsync();
        try
        {
            for (var round = 0; round < Rounds; round++)
                await RoundAsync(round);
            await RequireAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"Seed {seed}, after {string.Join(", ", _acts)}: {e.Message}", e);
        }

        output.WriteLine(string.Join(", ", _acts));
    }

    private async Task RoundAsync(int round)
    {
        _acts.Add($"round {round}");
        await fixture.AutomineAsync(true);
        if (_isPaused)
            await PauseAsync(false);
        await _venue.Live.ConfirmAsync();
        if (await _venue.CoSignedAsync(Any(), _dice.Next(1, 300) * Micro, _nonce++) is { } call)
            _payments.Add((_wallets[_last], call));
        for (var i = 0; i < TradesOfARound; i++)
            await TradeAsync(Ticks(round, i));
        Assert.NotEmpty(await UnsettledAsync(firm: true));

        // The roles are those of the key that settles, so their acts come before its transactions.
        if (_dice.Next(3) == 0)
            await PauseAsync(true);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await fixture.AutomineAsync(false);
        await ActAsync(_dice.Next(4));
        var submitter = await StepAsync(_venue.Venue.NewSubmitter());
        await ActAsync(_dice.Next(1, 6));
        if (round == 1)
            await LeaderChangesAsync();
        if (_dice.Next(2) == 0)
            submitter = await ReorganiseAsync(submitter, snapshot);
        await EndAsync(submitter);
    }

    private async Task EndAsync(Submitter submitter)
    {
        var cutOffUntil = _dice.Next(2) * _dice.Next(1, 8);
        for (var block = 0; block < MostBlocks; block++)
        {
            if (_dice.Next(4) == 0)
                await ActAsync(1);
            await fixture.MineAsync();
            submitter = await StepAsync(submitter);
            if (block >= cutOffUntil)
                await _venue.Venue.FollowAsync();
            if (block > cutOffUntil && (await UnsettledAsync(firm: true)).Length == 0 && (_isPaused || await IsDoneAsync()))
                return;
        }

        Assert.Fail($"after {MostBlocks} blocks these firm trades wait: {string.Join(", ", await UnsettledAsync(firm: true))}");

        async Task<bool> IsDoneAsync() => (await UnsettledAsync(firm: false)).Length == 0;
    }

    /// <summary>A settler that is killed leaves the next one what is stored.</summary>
    private async Task<Submitter> StepAsync(Submitter submitter)
    {
        var dies = _dice.Next(12) switch
        {
            0 => ("eth_feeHistory", false),
            1 => ("eth_sendRawTransaction", false),
            2 => ("eth_sendRawTransaction", true),
            3 => ("eth_getTransactionReceipt", true),
            4 => ("eth_getBlockByNumber", true),
            _ => ("", false),
        };
        if (dies.Item1.Length == 0)
        {
            await _venue.Venue.StepAsync(submitter);
            return submitter;
        }

        _acts.Add($"settler dies at {dies}");
        var killed = _venue.Venue.NewSubmitter(new FaultyTransport(fixture.Transport, method => method == dies.Item1, dies.Item2));
        try
        {
            await _venue.Venue.StepAsync(killed);
        }
        catch (RpcUnavailableException)
        {
            // What it is killed by.
        }

        await _venue.Venue.TakeTermAsync();
        var next = _venue.Venue.NewSubmitter();
        await _venue.Venue.StepAsync(next);
        return next;
    }

    private async Task LeaderChangesAsync()
    {
        _acts.Add("leader changes");
        await _venue.Live.ReplaceLeaderAsync();
    }

    /// <returns>The settler that is left: it may have been killed on the way.</returns>
    private async Task<Submitter> ReorganiseAsync(Submitter submitter, string snapshot)
    {
        var depth = _dice.Next(1, Options.FinalityBlocks - 1);
        _acts.Add($"{depth} blocks are undone");
        for (var block = 0; block < depth; block++)
        {
            await fixture.MineAsync();
            submitter = await StepAsync(submitter);
            await _venue.Venue.FollowAsync();
        }

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await ActAsync(_dice.Next(4));
        await fixture.MineAsync(depth + 4);
        return submitter;
    }

    private async Task TradeAsync(int ticks)
    {
        var (one, other) = (Any(), Any());
        var lots = _dice.Next(100, 40_000);
        var (purse, others) = _dice.Next(5) switch
        {
            0 => (PurseChoice.Wallet, PurseChoice.Wallet),
            1 => (PurseChoice.Wallet, PurseChoice.Vault),
            _ => (PurseChoice.Vault, PurseChoice.Vault),
        };
        // Two buyers make a set, two sellers undo one.
        if (_dice.Next(3) == 0)
        {
            var isBuy = _dice.Next(2) == 0;
            await PlaceAsync(one, 0, isBuy, ticks, lots, purse);
            await PlaceAsync(other, 1, isBuy, 10_000 - ticks, lots, others);
            return;
        }

        await PlaceAsync(one, 0, isBuy: true, ticks, lots, purse);
        await PlaceAsync(other, 0, isBuy: false, ticks, lots, others);
    }

    private async Task PlaceAsync(Wallet maker, int outcome, bool isBuy, int ticks, long lots, PurseChoice purse) =>
        _orders.Add(await _venue.Live.PlaceAsync(_venue.Live.Sign(maker, isBuy, ticks, lots, outcome: outcome), purse: purse));

    private async Task ActAsync(int acts)
    {
        for (var i = 0; i < acts; i++)
            await ActAsync();
    }

    private async Task ActAsync()
    {
        var (who, at) = (Any(), _venue.Venue.Deployment);
        var share = OutcomeTokenContract.IdOf(_venue.Venue.MarketAddress, _dice.Next(2));
        var asset = _dice.Next(2) == 0 ? VaultContract.Usdc : share;
        var all = 10_000 * AmountPerShare;
        var kind = _dice.Next(13);
        _acts.Add($"{kind} of {_last}");
        if (kind is 5 or 6 or 7 or 8 or 9 or 10 or 12)
            _mayFail.Add(who.Account);
        var (to, call) = kind switch
        {
            0 => (_venue.Vault, VaultContract.RequestWithdrawal(asset, all)),
            1 => (_venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, _dice.Next(1, 1_000) * Micro)),
            2 => (_venue.Vault, VaultContract.CancelWithdrawal(asset)),
            3 => (_venue.Vault, VaultContract.Finish(asset, who.Account)),
            4 => (_venue.Vault, VaultContract.RegisterSigningKey(_venue.Venue.Operator.Key.Address)),
            5 => (at.Usdc, UsdcContract.Transfer(_venue.Venue.Operator.Key.Address, _dice.Next(1, 2_000) * Micro)),
            6 => (at.Usdc, UsdcContract.Approve(at.Factory, _dice.Next(2) * _dice.Next(1, 2_000) * Micro)),
            7 => (at.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(at.Factory, _dice.Next(2) == 0)),
            8 => (at.OutcomeToken, TransferOfShares(who, share, _dice.Next(1, 2_000))),
            9 when _orders.FindLast(order => order.Maker == who) is { } order => (
                _venue.Venue.MarketAddress,
                ContractArtifact.Market.Encode("cancelSalt", order.Message.Salt)
            ),
            10 => (at.Usdc, ContractArtifact.MockUsdc.Encode("setBlocked", who.Account, _dice.Next(2) == 0)),
            11 when _payments.Count > 0 => (_venue.Vault, _payments[_dice.Next(_payments.Count)].Call),
            12 => (_venue.Vault, VaultContract.Deposit(_dice.Next(1, 200) * Micro)),
            _ => (at.Usdc, UsdcContract.Approve(_venue.Vault, 0)),
        };
        if (kind == 11 && _payments.Count > 0)
            who = _payments.Find(one => one.Call == call).Owner;
        await _venue.Live.SendFirstAsync(who, to, call);
    }

    private byte[] TransferOfShares(Wallet from, BigInteger share, long whole) =>
        OutcomeTokenContract.Transfer(from.Account, _venue.Venue.Operator.Key.Address, share, whole * AmountPerShare);

    private async Task PauseAsync(bool paused)
    {
        _acts.Add(paused ? "market paused" : "market goes on");
        _isPaused = paused;
        var admin = new Wallet(_venue.Venue.Operator.Key, _venue.Venue.Operator.Key.Address);
        await _venue.Live.SendAsync(admin, _venue.Venue.MarketAddress, ContractArtifact.Market.Encode(paused ? "pause" : "unpause"));
    }

    private async Task RequireAsync()
    {
        await fixture.AutomineAsync(true);
        if (_isPaused)
            await PauseAsync(false);
        await _venue.Live.ConfirmAsync();
        await fixture.AutomineAsync(false);
        await EndAsync(_venue.Venue.NewSubmitter());
        await fixture.AutomineAsync(true);
        await _venue.RequireLedgerIsChainAsync();

        var (firm, soft, failed) = (0, 0, 0);
        foreach (var (id, isFirm, state, closed) in await TradesAsync())
        {
            Assert.True(closed, $"trade {id} ({state}) is held still");
            Assert.Equal(state == "final" ? 1 : 0, await _venue.Venue.TimesSettledAsync(id));
            if (isFirm)
                Assert.Equal("final", state);
            (firm, soft, failed) = (firm + (isFirm ? 1 : 0), soft + (isFirm ? 0 : 1), failed + (state == "failed" ? 1 : 0));
        }

        output.WriteLine($"{firm} firm trades final; {failed} of {soft} others failed");
        Assert.Equal(0, await _venue.Venue.ScalarAsync<long>("SELECT coalesce(sum(trade_hold), 0)::bigint FROM balances WHERE purse = 0"));
        // A strike is of a maker who acted, for a trade that was not firm.
        var struck = await _venue.Venue.ScalarAsync<byte[][]>("SELECT coalesce(array_agg(DISTINCT address), '{}') FROM strikes");
        Assert.All(struck, address => Assert.Contains(new Address(address), _mayFail));
        Assert.Equal(0, await _venue.Venue.ScalarAsync<long>("SELECT count(*) FROM strikes s JOIN trades t USING (trade_id) WHERE t.firm"));
    }

    private int _last;

    private Wallet Any() => _wallets[_last = _dice.Next(Accounts)];

    private static int Ticks(int round, int trade) => 4_000 + 100 * (round * TradesOfARound + trade);

    private Task<long[]> UnsettledAsync(bool firm) =>
        _venue.Venue.ScalarAsync<long[]>(
            """
            SELECT coalesce(array_agg(trade_id), '{}') FROM trades
            WHERE firm = $1 AND (settlement NOT IN ('final', 'failed') OR NOT closed)
            """,
            firm
        );

    private async Task<List<(long Id, bool IsFirm, string State, bool Closed)>> TradesAsync()
    {
        var trades = new List<(long, bool, string, bool)>();
        await using var command = _venue.Venue.Database.CreateCommand("SELECT trade_id, firm, settlement, closed FROM trades");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            trades.Add((reader.GetInt64(0), reader.GetBoolean(1), reader.GetString(2), reader.GetBoolean(3)));
        return trades;
    }
}
