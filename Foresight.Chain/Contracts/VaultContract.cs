using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>
/// Both must pass before a withdrawal is paid: seconds pass while a chain stands still, and blocks pass fast where somebody makes them
/// (docs/firm-money.md).
/// </summary>
public readonly record struct WithdrawalDelay(long Blocks, long Seconds);

/// <param name="Free">In micro-USDC, or 10^-18 shares.</param>
/// <param name="Leaving">A trade that was matched before still draws on it, after the free part.</param>
/// <param name="ReadyTime">Unix seconds; only of meaning while something is leaving, like <paramref name="ReadyBlock"/>.</param>
public readonly record struct VaultPurse(BigInteger Free, BigInteger Leaving, long ReadyBlock, long ReadyTime);

/// <summary>What the settlement role signs for a withdrawal at once. The account sends it, and chooses who is paid.</summary>
public readonly record struct WithdrawalMessage(Address Account, BigInteger Asset, BigInteger Amount, BigInteger Nonce, BigInteger Deadline)
{
    public const string DomainName = "Foresight Vault";
    public const string WithdrawalType = "Withdrawal(address account,uint256 asset,uint256 amount,uint256 nonce,uint256 deadline)";

    public static readonly Hash32 WithdrawalTypeHash = Keccak256.HashText(WithdrawalType);

    public static TypedDataDomain DomainOf(BigInteger chainId, Address vault) =>
        new(DomainName, TypedDataDomain.MarketVersion, chainId, vault);

    /// <summary>What the account signs, to ask for the co-signature. Of another type, so that neither can stand for the other.</summary>
    public const string RequestType = "WithdrawalRequest(address account,uint256 asset,uint256 amount,uint256 nonce,uint256 deadline)";

    public static readonly Hash32 RequestTypeHash = Keccak256.HashText(RequestType);

    public Hash32 StructHash() => StructHash(WithdrawalTypeHash);

    public Hash32 RequestStructHash() => StructHash(RequestTypeHash);

    private Hash32 StructHash(Hash32 type)
    {
        Span<byte> words = stackalloc byte[6 * Word.Size];
        type.CopyTo(words);
        Word.Write(Account, words[32..]);
        Word.Write(Asset, words[64..]);
        Word.Write(Amount, words[96..]);
        Word.Write(Nonce, words[128..]);
        Word.Write(Deadline, words[160..]);
        return Keccak256.Hash(words);
    }
}

public static class VaultAssets
{
    /// <param name="market">Null: collateral.</param>
    public static BigInteger IdOf(Address? market, int outcome) =>
        market is { } of ? OutcomeTokenContract.IdOf(of, outcome) : VaultContract.Usdc;

    /// <param name="market">Null: collateral, and <paramref name="units"/> are micro-USDC; else lots.</param>
    public static WithdrawalMessage MessageOf(
        Address account,
        Address? market,
        int outcome,
        long units,
        BigInteger nonce,
        BigInteger deadline
    ) => new(account, IdOf(market, outcome), market is null ? units : units * OrderMessage.AmountPerLot, nonce, deadline);
}

/// <summary>
/// Assets are <see cref="Usdc"/> and the ids of shares (<see cref="OutcomeTokenContract.IdOf"/>). Shares come in by a plain ERC-1155
/// transfer to the vault.
/// </summary>
public sealed class VaultContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    public static readonly BigInteger Usdc = BigInteger.Zero;

    public static readonly AbiFunction DepositFunction = ContractArtifact.Vault.Function("deposit");
    public static readonly AbiFunction DepositForFunction = ContractArtifact.Vault.Function("depositFor");
    public static readonly AbiFunction DepositWithPermitFunction = ContractArtifact.Vault.Function("depositWithPermit");
    public static readonly AbiFunction RequestWithdrawalFunction = ContractArtifact.Vault.Function("requestWithdrawal");
    public static readonly AbiFunction CancelWithdrawalFunction = ContractArtifact.Vault.Function("cancelWithdrawal");
    public static readonly AbiFunction FinishFunction = ContractArtifact.Vault.Function("finish");
    public static readonly AbiFunction WithdrawNowFunction = ContractArtifact.Vault.Function("withdrawNow");
    public static readonly AbiFunction RedeemForFunction = ContractArtifact.Vault.Function("redeemFor");
    public static readonly AbiFunction RegisterSigningKeyFunction = ContractArtifact.Vault.Function("registerSigningKey");
    public static readonly AbiFunction SigningKeyOfFunction = ContractArtifact.Vault.Function("signingKeyOf");
    public static readonly AbiFunction PurseOfFunction = ContractArtifact.Vault.Function("purseOf");
    public static readonly AbiFunction AmountsOfFunction = ContractArtifact.Vault.Function("amountsOf");
    public static readonly AbiFunction DelayBlocksFunction = ContractArtifact.Vault.Function("delayBlocks");
    public static readonly AbiFunction DelaySecondsFunction = ContractArtifact.Vault.Function("delaySeconds");
    public static readonly AbiFunction SetsOfFunction = ContractArtifact.Vault.Function("setsOf");
    public static readonly AbiFunction IsNonceSpentFunction = ContractArtifact.Vault.Function("isNonceSpent");

    public static readonly AbiEvent Deposited = ContractArtifact.Vault.Event("Deposited");
    public static readonly AbiEvent WithdrawalRequested = ContractArtifact.Vault.Event("WithdrawalRequested");
    public static readonly AbiEvent WithdrawalCancelled = ContractArtifact.Vault.Event("WithdrawalCancelled");
    public static readonly AbiEvent LeavingDrawn = ContractArtifact.Vault.Event("LeavingDrawn");
    public static readonly AbiEvent Withdrawn = ContractArtifact.Vault.Event("Withdrawn");
    public static readonly AbiEvent CoSignatureSpent = ContractArtifact.Vault.Event("CoSignatureSpent");
    public static readonly AbiEvent SharesRedeemed = ContractArtifact.Vault.Event("SharesRedeemed");
    public static readonly AbiEvent SigningKeyAnnounced = ContractArtifact.Vault.Event("SigningKeyAnnounced");

    /// <summary>Those by which a purse changes, with its account and asset. Trades, which do too, have events of markets.</summary>
    public static IReadOnlyList<AbiEvent> MoneyEvents { get; } =
    [Deposited, WithdrawalRequested, WithdrawalCancelled, LeavingDrawn, Withdrawn, SharesRedeemed];

    public static IReadOnlyList<Hash32> MoneyTopics { get; } = [.. MoneyEvents.Select(one => one.Topic), CoSignatureSpent.Topic];

    /// <summary>Of the caller's wallet, which has approved the vault.</summary>
    public static byte[] Deposit(BigInteger micros) => DepositFunction.Encode(micros);

    public static byte[] DepositFor(Address account, BigInteger micros) => DepositForFunction.Encode(account, micros);

    /// <param name="permit">65 bytes, of the caller's own ERC-2612 permit for the vault.</param>
    public static byte[] DepositWithPermit(Address account, BigInteger micros, BigInteger deadline, byte[] permit) =>
        DepositWithPermitFunction.Encode(
            account,
            micros,
            deadline,
            (int)permit[64],
            new Hash32(permit.AsSpan(0, 32)),
            new Hash32(permit.AsSpan(32, 32))
        );

    /// <summary>Moves at most what is free to what leaves, and starts the delay again for all of it.</summary>
    public static byte[] RequestWithdrawal(BigInteger asset, BigInteger amount) => RequestWithdrawalFunction.Encode(asset, amount);

    public static byte[] CancelWithdrawal(BigInteger asset) => CancelWithdrawalFunction.Encode(asset);

    public static byte[] Finish(BigInteger asset, Address to) => FinishFunction.Encode(asset, to);

    /// <param name="coSignature">65 bytes, of a key with the settlement role.</param>
    public static byte[] WithdrawNow(in WithdrawalMessage message, Address to, byte[] coSignature) =>
        WithdrawNowFunction.Encode(message.Asset, message.Amount, to, message.Nonce, message.Deadline, coSignature);

    public static byte[] RedeemFor(Address account, BigInteger asset) => RedeemForFunction.Encode(account, asset);

    public static byte[] RegisterSigningKey(Address key) => RegisterSigningKeyFunction.Encode(key);

    public async Task<VaultPurse> PurseAsync(
        Address account,
        BigInteger asset,
        BlockRef block = default,
        CancellationToken cancellationToken = default
    ) => (await PursesAsync([(account, asset)], block, cancellationToken))[0];

    public async Task<IReadOnlyList<VaultPurse>> PursesAsync(
        IReadOnlyList<(Address Account, BigInteger Asset)> purses,
        BlockRef block,
        CancellationToken cancellationToken = default
    )
    {
        if (purses.Count == 0)
            return [];
        var calls = purses.Select(one => new CallRequest(Address, PurseOfFunction.Encode(one.Account, one.Asset))).ToList();
        var answers = await Client.CallManyAsync(calls, block, cancellationToken);
        return
        [
            .. answers.Select(answer =>
            {
                var values = PurseOfFunction.DecodeOutput(answer.Required());
                return new VaultPurse(
                    values.Integer("free"),
                    values.Integer("leaving"),
                    (long)values.Integer("readyBlock"),
                    (long)values.Integer("readyTime")
                );
            }),
        ];
    }

    /// <summary>In micro-USDC, or 10^-18 shares: what is free, which alone can be traded with, and what is leaving.</summary>
    /// <returns>Of account 0 all assets first.</returns>
    public async Task<IReadOnlyList<(BigInteger Free, BigInteger Leaving)>> AmountsAsync(
        IReadOnlyList<Address> accounts,
        IReadOnlyList<BigInteger> assets,
        BlockRef block,
        CancellationToken cancellationToken = default
    )
    {
        if (accounts.Count == 0)
            return [];
        const int FreeAndLeaving = 2;
        object[] asked = [.. assets.Cast<object>()];
        var amounts = await ReadManyAsync(
            accounts,
            FreeAndLeaving * assets.Count,
            block,
            cancellationToken,
            part => AmountsOfFunction.Encode(part, asked),
            AmountsOfFunction
        );
        return [.. Enumerable.Range(0, amounts.Length / FreeAndLeaving).Select(i => (amounts[2 * i], amounts[(2 * i) + 1]))];
    }

    public async Task<IReadOnlyList<bool>> AreNoncesSpentAsync(
        IReadOnlyList<(Address Account, ulong Nonce)> nonces,
        BlockRef block,
        CancellationToken cancellationToken = default
    )
    {
        if (nonces.Count == 0)
            return [];
        var calls = nonces
            .Select(one => new CallRequest(Address, IsNonceSpentFunction.Encode(one.Account, (BigInteger)one.Nonce)))
            .ToList();
        var answers = await Client.CallManyAsync(calls, block, cancellationToken);
        return [.. answers.Select(answer => (bool)IsNonceSpentFunction.DecodeOutput(answer.Required())[0])];
    }

    /// <summary>In 10^-18 complete sets that are in purses without being shares at the outcome token; each is worth one USDC.</summary>
    public Task<BigInteger> SetsAsync(Address market, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<BigInteger>(SetsOfFunction, block, cancellationToken, market);

    public async Task<WithdrawalDelay> DelayAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        new(
            (long)await ReadAsync<BigInteger>(DelayBlocksFunction, block, cancellationToken),
            (long)await ReadAsync<BigInteger>(DelaySecondsFunction, block, cancellationToken)
        );

    public Task<Address> SigningKeyAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<Address>(SigningKeyOfFunction, block, cancellationToken, account);
}
