using System.Numerics;
using System.Text.Json.Nodes;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>An exchange with a vault, and accounts with money in it.</summary>
internal sealed class FirmVenue : IAsyncDisposable
{
    /// <summary>Longer than a test takes, so that nothing is over by itself.</summary>
    public static readonly WithdrawalDelay Delay = new(Blocks: 40, Seconds: 3_600);

    public const ulong FirstNonce = 7;

    private FirmVenue(LiveVenue live) => Live = live;

    public LiveVenue Live { get; }

    public Venue Venue => Live.Venue;

    public Address Vault => Venue.Deployment.Vault!.Address;

    public static async Task<FirmVenue> CreateAsync(ChainFixture fixture, SettlementOptions? options = null, WithdrawalDelay? delay = null)
    {
        // The default is longer than the delay.
        options ??= new SettlementOptions { BatchAge = TimeSpan.Zero };
        options = options with { FinalityBlocks = Math.Min(options.FinalityBlocks, MostFinalityBlocks) };
        return new(await LiveVenue.CreateAsync(fixture, vaultDelay: delay ?? Delay, options: options));
    }

    private const int MostFinalityBlocks = 8;

    /// <param name="usdc">In the vault; as much again in the wallet.</param>
    /// <param name="shares">Of each outcome in the vault; as many again in the wallet.</param>
    public async Task<Wallet> AddAsync(long usdc, long shares)
    {
        var wallet = await Live.AddWalletAsync(2 * usdc, 2 * shares);
        await Live.SendAsync(wallet, Venue.Deployment.Usdc, UsdcContract.Approve(Vault, Word.MaxUInt256));
        if (usdc > 0)
            await Live.SendAsync(wallet, Vault, VaultContract.Deposit(usdc * (BigInteger)1_000_000));
        for (var outcome = 0; shares > 0 && outcome < 2; outcome++)
            await Live.SendAsync(wallet, Venue.Deployment.OutcomeToken, DepositOfShares(wallet, outcome, shares));
        return wallet;
    }

    /// <summary>The key signs for the vault once <see cref="PassDelayAsync"/> has let the delay pass.</summary>
    /// <param name="usdc">In the vault; as much again in the wallet.</param>
    public async Task<Wallet> AddContractAsync(long usdc, Address key)
    {
        var wallet = await Live.AddContractWalletAsync(2 * usdc);
        await Live.SendAsync(wallet, Venue.Deployment.Usdc, UsdcContract.Approve(Vault, Word.MaxUInt256));
        await Live.SendAsync(wallet, Vault, VaultContract.Deposit(usdc * (BigInteger)1_000_000));
        await Live.SendAsync(wallet, Vault, VaultContract.RegisterSigningKey(key));
        await Live.ConfirmAsync();
        return wallet;
    }

    /// <summary>Moves the chain's clock by an hour, so the class has a <see cref="ChainFixture"/> of its own.</summary>
    public async Task PassDelayAsync()
    {
        await Venue.Fixture.RequestAsync("evm_increaseTime", Delay.Seconds);
        await Venue.Fixture.MineAsync((int)Delay.Blocks);
        await Live.ConfirmAsync();
    }

    public async Task<LiveOrder> PlaceAsync(
        Wallet maker,
        bool isBuy,
        int ticks,
        long lots,
        PurseChoice purse = PurseChoice.Either,
        int timeInForce = 0,
        bool firmOnly = false
    ) => await Live.PlaceAsync(Live.Sign(maker, isBuy, ticks, lots), timeInForce, purse: purse, firmOnly: firmOnly);

    public Task<long> OwnedAsync(Wallet wallet, Purse purse) =>
        Venue.ScalarAsync<long>(
            """
            SELECT coalesce(sum(b.owned), 0)::bigint FROM balances b JOIN accounts a USING (account_id)
            WHERE a.address = $1 AND b.outcome = 255 AND b.purse = $2
            """,
            wallet.Account.ToBytes(),
            (short)purse
        );

    /// <summary>USDC, wherever on chain it is.</summary>
    public async Task<BigInteger> WealthAsync(Wallet wallet)
    {
        var purse = await new VaultContract(Venue.Client, Vault).PurseAsync(wallet.Account, VaultContract.Usdc);
        var inWallet = await new UsdcContract(Venue.Client, Venue.Deployment.Usdc).BalanceOfAsync(wallet.Account);
        return inWallet + purse.Free + purse.Leaving;
    }

    /// <param name="within">By the chain's clock, which many blocks in a second have put ahead of ours.</param>
    public async Task<WithdrawalMessage> MessageOfAsync(Wallet of, long micros, TimeSpan within, ulong nonce = FirstNonce)
    {
        var head = await Venue.Client.GetBlockAsync(await Venue.Client.BlockNumberAsync());
        return VaultAssets.MessageOf(
            of.Account,
            market: null,
            Command.CollateralOutcome,
            micros,
            nonce,
            head!.Timestamp + (long)within.TotalSeconds
        );
    }

    /// <param name="deadline">Null: as long as a starved machine may need.</param>
    public async Task<CommandResult> GrantAsync(Wallet signer, WithdrawalMessage message, DateTimeOffset? deadline = null)
    {
        var domain = WithdrawalMessage.DomainOf(Venue.Deployment.ChainId, Vault);
        return await Live.Node.Router.SendAsync(
            new GrantWithdrawal(
                message.Account.ToLowerHex(),
                MarketId: 0,
                Command.CollateralOutcome,
                (long)message.Amount,
                (ulong)message.Nonce,
                (long)message.Deadline,
                Hex.Encode(signer.Key.Sign(domain.Digest(message.RequestStructHash())))
            )
            {
                RequestId = Guid.NewGuid(),
                Deadline = deadline ?? Traders.Deadline,
            }
        );
    }

    /// <returns>The call that is paid at once; null if the engine refused it.</returns>
    public async Task<byte[]?> CoSignedAsync(Wallet owner, long micros, ulong nonce = FirstNonce)
    {
        var message = await MessageOfAsync(owner, micros, TimeSpan.FromMinutes(10), nonce);
        if ((await GrantAsync(owner, message)).Status != ResultStatus.Accepted)
            return null;
        await Venue.StepAsync(Venue.NewSubmitter());
        var coSignature = await Venue.ScalarAsync<byte[]>("SELECT co_signature FROM withdrawals WHERE nonce = $1", (long)nonce);
        return VaultContract.WithdrawNow(message, owner.Account, coSignature);
    }

    public Task<bool> IsFirmAsync(long trade) => Venue.ScalarAsync<bool>("SELECT firm FROM trades WHERE trade_id = $1", trade);

    /// <summary>As only the market may call the vault. Mined before what waits already.</summary>
    public Task AsMarketAsync(byte[] data) => AsContractAsync(Venue.MarketAddress, Vault, data);

    public async Task AsContractAsync(Address contract, Address to, byte[] data)
    {
        var from = contract.ToLowerHex();
        await Venue.Fixture.RequestAsync("anvil_setBalance", from, Hex.EncodeQuantity(BigInteger.Pow(10, 18)));
        await Venue.Fixture.RequestAsync("anvil_impersonateAccount", from);
        await Venue.Fixture.RequestAsync(
            "eth_sendTransaction",
            new JsonObject
            {
                ["from"] = from,
                ["to"] = to.ToLowerHex(),
                ["data"] = Hex.Encode(data),
                ["gas"] = Hex.EncodeQuantity(500_000),
                ["maxFeePerGas"] = Hex.EncodeQuantity(500 * SettlementOptions.Gwei),
                ["maxPriorityFeePerGas"] = Hex.EncodeQuantity(100 * SettlementOptions.Gwei),
            }
        );
        await Venue.Fixture.RequestAsync("anvil_stopImpersonatingAccount", from);
    }

    /// <summary>Mines until the trade is at its end.</summary>
    public async Task<string> EndOfAsync(Foresight.Matching.Settlement.Submitter submitter, long trade)
    {
        for (var block = 0; block < 2 * Venue.Options.Confirmations + 4; block++)
        {
            await Venue.Fixture.MineAsync();
            await Venue.StepAsync(submitter);
            await Venue.FollowAsync();
            if ((await Venue.StateOfAsync(trade)).State is var state && state is "final" or "failed")
                return state;
        }

        return (await Venue.StateOfAsync(trade)).State;
    }

    /// <summary>The ledger and the chain have the same of everybody, in both purses.</summary>
    public async Task RequireLedgerIsChainAsync()
    {
        await Live.ConfirmAsync();
        var check = await Live.CheckBalancesAsync();
        Assert.NotNull(check);
        Assert.Empty(check.Findings);
        Assert.Empty(check.Ahead);
    }

    public ValueTask DisposeAsync() => Live.DisposeAsync();

    public byte[] DepositOfShares(Wallet from, int outcome, long shares) =>
        OutcomeTokenContract.Transfer(
            from.Account,
            Vault,
            OutcomeTokenContract.IdOf(Venue.MarketAddress, outcome),
            shares * BigInteger.Pow(10, 18)
        );
}
