using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

public sealed class UsdcContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    public static readonly AbiFunction ApproveFunction = ContractArtifact.MockUsdc.Function("approve");
    public static readonly AbiFunction TransferFunction = ContractArtifact.MockUsdc.Function("transfer");
    public static readonly AbiFunction BalanceOfFunction = ContractArtifact.MockUsdc.Function("balanceOf");
    public static readonly AbiFunction AllowanceFunction = ContractArtifact.MockUsdc.Function("allowance");
    public static readonly AbiFunction MintFunction = ContractArtifact.MockUsdc.Function("mint");
    public static readonly AbiFunction NoncesFunction = ContractArtifact.MockUsdc.Function("nonces");
    public static readonly AbiFunction DomainSeparatorFunction = ContractArtifact.MockUsdc.Function("DOMAIN_SEPARATOR");
    public static readonly AbiEvent TransferEvent = ContractArtifact.MockUsdc.Event("Transfer");
    public static readonly AbiEvent ApprovalEvent = ContractArtifact.MockUsdc.Event("Approval");

    public static byte[] Creation() => ContractArtifact.MockUsdc.Creation();

    public static byte[] Approve(Address spender, BigInteger amount) => ApproveFunction.Encode(spender, amount);

    public static byte[] Transfer(Address to, BigInteger amount) => TransferFunction.Encode(to, amount);

    /// <summary>For development chains only: the real USDC has no such function.</summary>
    public static byte[] Mint(Address to, BigInteger amount) => MintFunction.Encode(to, amount);

    public Task<BigInteger> BalanceOfAsync(Address account, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<BigInteger>(BalanceOfFunction, block, cancellationToken, account);

    public Task<BigInteger> AllowanceAsync(
        Address owner,
        Address spender,
        BlockRef block = default,
        CancellationToken cancellationToken = default
    ) => ReadAsync<BigInteger>(AllowanceFunction, block, cancellationToken, owner, spender);

    /// <summary>Of the account's next ERC-2612 permit.</summary>
    public Task<BigInteger> PermitNonceAsync(Address owner, BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<BigInteger>(NoncesFunction, block, cancellationToken, owner);

    public Task<Hash32> DomainSeparatorAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<Hash32>(DomainSeparatorFunction, block, cancellationToken);
}

public sealed class OutcomeTokenContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    public static readonly AbiFunction SetApprovalForAllFunction = ContractArtifact.OutcomeToken.Function("setApprovalForAll");
    public static readonly AbiFunction IsApprovedForAllFunction = ContractArtifact.OutcomeToken.Function("isApprovedForAll");
    public static readonly AbiFunction BalanceOfFunction = ContractArtifact.OutcomeToken.Function("balanceOf");
    public static readonly AbiFunction SafeTransferFromFunction = ContractArtifact.OutcomeToken.Function("safeTransferFrom");

    public static readonly AbiEvent TransferSingleEvent = ContractArtifact.OutcomeToken.Event("TransferSingle");

    public static readonly AbiEvent TransferBatchEvent = ContractArtifact.OutcomeToken.Event("TransferBatch");

    public static readonly AbiEvent ApprovalForAllEvent = ContractArtifact.OutcomeToken.Event("ApprovalForAll");

    /// <summary>
    /// A share's id begins with its market's address, so that only that market mints and burns it (docs/decisions/0200); the outcome is
    /// the lowest byte.
    /// </summary>
    public static BigInteger IdOf(Address market, int outcome) =>
        (new BigInteger(market.ToBytes(), isUnsigned: true, isBigEndian: true) << 8) | outcome;

    public static bool TryReadId(BigInteger id, out Address market, out int outcome)
    {
        (market, outcome) = (default, (int)(id & 0xff));
        var high = id >> 8;
        if (id.Sign < 0 || high.GetBitLength() > 160)
            return false;
        market = new Address(Word.ToBytes(high).AsSpan(12));
        return true;
    }

    /// <param name="amount">In 10^-18 shares.</param>
    public static byte[] Transfer(Address from, Address to, BigInteger id, BigInteger amount) =>
        SafeTransferFromFunction.Encode(from, to, id, amount, Array.Empty<byte>());

    public static byte[] SetApprovalForAll(Address spender, bool approved) => SetApprovalForAllFunction.Encode(spender, approved);

    public Task<BigInteger> BalanceOfAsync(
        Address account,
        BigInteger id,
        BlockRef block = default,
        CancellationToken cancellationToken = default
    ) => ReadAsync<BigInteger>(BalanceOfFunction, block, cancellationToken, account, id);

    public Task<bool> IsApprovedForAllAsync(
        Address account,
        Address spender,
        BlockRef block = default,
        CancellationToken cancellationToken = default
    ) => ReadAsync<bool>(IsApprovedForAllFunction, block, cancellationToken, account, spender);
}
