using System.Numerics;
using Foresight.Bench.Stack;
using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Setup;

namespace Foresight.Bench.Settle;

/// <param name="SigningKey">Registered at the vault, of the firm crowd; that of the soft one is its owner's.</param>
internal sealed record ContractWalletAccount(PrivateKey Owner, PrivateKey SigningKey, Address Address);

/// <summary>
/// Two crowds of contract wallets (ERC-1271). The firm one trades from the vault by registered keys, the soft one by signatures that each
/// wallet's own code accepts, for as long as it does.
/// </summary>
internal sealed class WalletCrowds
{
    private const int Accounts = 4;

    /// <summary>Modes of the wallet: it accepts what its owner has signed, or nothing.</summary>
    private const int Honest = 0;

    private const int RefusesAll = 1;

    private static readonly AbiFunction Execute = ContractArtifact.TestWallet.Function("execute");
    private static readonly BigInteger Usdc = 500_000 * (BigInteger)1_000_000;
    private static readonly BigInteger Shares = 50_000 * BigInteger.Pow(10, 18);

    private readonly FirmStack _stack;

    private WalletCrowds(FirmStack stack, IReadOnlyList<ContractWalletAccount> firm, IReadOnlyList<ContractWalletAccount> soft) =>
        (_stack, Firm, Soft) = (stack, firm, soft);

    public IReadOnlyList<ContractWalletAccount> Firm { get; }

    public IReadOnlyList<ContractWalletAccount> Soft { get; }

    public TradeFlow FirmFlow => field ??= Flow(Firm, PurseChoice.Vault);

    public TradeFlow SoftFlow => field ??= Flow(Soft, PurseChoice.Wallet);

    public static async Task<WalletCrowds> DeployAsync(FirmStack stack)
    {
        var made = await Task.WhenAll(
            Enumerable.Range(0, 2 * Accounts).Select(number => DeployAsync(stack, number % Accounts, isFirm: number < Accounts))
        );
        return new WalletCrowds(stack, made[..Accounts], made[Accounts..]);
    }

    /// <summary>Until the ledger has what they own, and the delay of their keys is over.</summary>
    public async Task KnowAsync()
    {
        await _stack.KnowAsync(_stack.Markets, [.. Firm.Select(one => one.Address)], [.. Soft.Select(one => one.Address)]);
        await _stack.Stack.UntilAsync(
            "the registered keys are in force",
            async () =>
                await _stack.Stack.ScalarAsync<long>(
                    "SELECT count(*) FROM unnest($1::bytea[], $2::bytea[]) w(wallet, key) WHERE signing_key_of(w.wallet) = w.key",
                    Firm.Select(one => one.Address.ToBytes()).ToArray(),
                    Firm.Select(one => one.SigningKey.Address.ToBytes()).ToArray()
                ) == Firm.Count
        );
    }

    public Task TurnAsync(Round round) => SetModeAsync(round.Acts, RefusesAll);

    public async Task TurnBackAsync()
    {
        var acts = new Acts(_stack.Stack);
        await SetModeAsync(acts, Honest);
        await acts.MinedAsync();
    }

    private async Task SetModeAsync(Acts acts, int mode)
    {
        foreach (var wallet in Firm.Concat(Soft))
            await acts.SendAsync(wallet.Owner, wallet.Address, ContractArtifact.TestWallet.Encode("setMode", mode));
    }

    private TradeFlow Flow(IReadOnlyList<ContractWalletAccount> crowd, PurseChoice purse) =>
        new(_stack.Stack, [.. crowd.Select(one => one.SigningKey)], purse, [.. crowd.Select(one => one.Address)]);

    private static async Task<ContractWalletAccount> DeployAsync(FirmStack stack, int number, bool isFirm)
    {
        var crowd = isFirm ? "firm" : "soft";
        var owner = PrivateKey.OfPhrase($"owner of {crowd} contract wallet {number + 1} of the benchmark");
        var key = isFirm ? PrivateKey.OfPhrase($"registered key of contract wallet {number + 1} of the benchmark") : owner;
        var at = stack.Stack.Deployment;
        await stack.RequestAsync("anvil_setBalance", owner.Address.ToLowerHex(), Hex.EncodeQuantity(BigInteger.Pow(10, 21)));
        var transactions = new TransactionSequence(stack.Stack.Chain, owner, at.ChainId);
        var created = await transactions.SendAsync(
            null,
            ContractArtifact.TestWallet.Creation(owner.Address),
            2_000_000,
            CancellationToken.None
        );
        var wallet = created.ContractAddress;
        Task ByWalletAsync(Address to, byte[] data) =>
            transactions.SendAsync(wallet, Execute.Encode(to, data), 1_000_000, CancellationToken.None);
        await transactions.SendAsync(at.Usdc, UsdcContract.Mint(wallet, 2 * Usdc), 300_000, CancellationToken.None);
        await ByWalletAsync(at.Usdc, UsdcContract.Approve(at.Factory, Word.MaxUInt256));
        await ByWalletAsync(at.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(at.Factory, true));
        var market = isFirm ? stack.Markets.Firm : stack.Markets.Soft;
        await ByWalletAsync(market.Address, MarketContract.MintSet(2 * Shares));
        if (isFirm)
        {
            await ByWalletAsync(at.Usdc, UsdcContract.Approve(stack.Vault, Word.MaxUInt256));
            await ByWalletAsync(stack.Vault, VaultContract.Deposit(Usdc));
            var outcome = number < Accounts / 2 ? 0 : 1;
            var id = OutcomeTokenContract.IdOf(market.Address, outcome);
            await ByWalletAsync(at.OutcomeToken, OutcomeTokenContract.Transfer(wallet, stack.Vault, id, Shares));
            await ByWalletAsync(stack.Vault, VaultContract.RegisterSigningKey(key.Address));
        }

        await transactions.WaitAsync(CancellationToken.None);
        return new ContractWalletAccount(owner, key, wallet);
    }
}
