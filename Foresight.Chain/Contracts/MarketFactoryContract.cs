using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>
/// Binding of contracts/src/MarketFactory.sol, which creates markets, holds the roles, and is the only spender that traders approve.
/// </summary>
public sealed class MarketFactoryContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    /// <summary>Accounts per call. More of them are split into several calls of one batch against the same block.</summary>
    public const int AccountLimit = 500;

    /// <summary>
    /// Amounts per call. Each costs at most 10,000 gas (two cold slots, two calls), so that a
    /// call stays below a third of the 30 million that nodes allow.
    /// </summary>
    public const int AmountLimit = 1_000;

    public static readonly AbiFunction CreateMarketFunction = ContractArtifact.MarketFactory.Function("createMarket");
    public static readonly AbiFunction MarketOfFunction = ContractArtifact.MarketFactory.Function("marketOf");
    public static readonly AbiFunction UsdcFunction = ContractArtifact.MarketFactory.Function("usdc");
    public static readonly AbiFunction OutcomeTokenFunction = ContractArtifact.MarketFactory.Function("outcomeToken");
    public static readonly AbiFunction SpendableCollateralFunction = ContractArtifact.MarketFactory.Function("spendableCollateral");
    public static readonly AbiFunction SpendableSharesFunction = ContractArtifact.MarketFactory.Function("spendableShares");

    public static readonly AbiEvent MarketCreated = ContractArtifact.MarketFactory.Event("MarketCreated");

    public static byte[] Creation(Address usdc, Address admin, Address @operator, Address resolver, FeeTerms? fees = null) =>
        ContractArtifact.MarketFactory.Creation(usdc, admin, @operator, resolver, fees ?? FeeTerms.None);

    /// <summary>Admin only. Reverts if the question has a market already; see <see cref="MarketOfAsync"/>.</summary>
    public static byte[] CreateMarket(Hash32 questionHash, int outcomes) => CreateMarketFunction.Encode(questionHash, outcomes);

    public async Task<Address?> MarketOfAsync(Hash32 questionHash, BlockRef block = default, CancellationToken cancellationToken = default)
    {
        var market = await ReadAsync<Address>(MarketOfFunction, block, cancellationToken, questionHash);
        return market.IsZero ? null : market;
    }

    public Task<Address> UsdcAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<Address>(UsdcFunction, block, cancellationToken);

    public Task<Address> OutcomeTokenAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        ReadAsync<Address>(OutcomeTokenFunction, block, cancellationToken);

    /// <summary>Micro-USDC that each account can spend here: the lesser of balance and approval, all at the same block.</summary>
    public async Task<IReadOnlyList<BigInteger>> SpendableCollateralAsync(
        IReadOnlyList<Address> accounts,
        BlockRef block,
        CancellationToken cancellationToken = default
    ) =>
        await ReadManyAsync(
            accounts,
            1,
            block,
            cancellationToken,
            part => SpendableCollateralFunction.Encode([part]),
            SpendableCollateralFunction
        );

    /// <summary>
    /// In 10^-18 shares, what each account can sell of each outcome, 0 without approval.
    /// Grouped by account: all outcomes of the first account come first.
    /// </summary>
    public async Task<IReadOnlyList<BigInteger>> SpendableSharesAsync(
        Address market,
        int outcomes,
        IReadOnlyList<Address> accounts,
        BlockRef block,
        CancellationToken cancellationToken = default
    ) =>
        await ReadManyAsync(
            accounts,
            outcomes,
            block,
            cancellationToken,
            part => SpendableSharesFunction.Encode(market, part),
            SpendableSharesFunction
        );

    private async Task<BigInteger[]> ReadManyAsync(
        IReadOnlyList<Address> accounts,
        int perAccount,
        BlockRef block,
        CancellationToken cancellationToken,
        Func<object[], byte[]> encode,
        AbiFunction function
    )
    {
        var calls = accounts
            .Chunk(Math.Min(AccountLimit, AmountLimit / perAccount))
            .Select(part => new CallRequest(Address, encode([.. part.Cast<object>()])))
            .ToArray();
        var results = await Client.CallManyAsync(calls, block, cancellationToken);
        BigInteger[] amounts = [.. results.SelectMany(r => ((object[])function.DecodeOutput(r.Required())[0]).Cast<BigInteger>())];
        return amounts.Length == accounts.Count * perAccount
            ? amounts
            : throw new RpcUnavailableException(
                function.Name,
                $"{accounts.Count * perAccount} amounts were asked for, {amounts.Length} came"
            );
    }
}
