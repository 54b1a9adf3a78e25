using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>The only spender that traders approve, so a new market costs them no approval (docs/decisions/0200).</summary>
public sealed class MarketFactoryContract(EthereumClient client, Address address) : DeployedContract(client, address)
{
    public static readonly AbiFunction CreateMarketFunction = ContractArtifact.MarketFactory.Function("createMarket");
    public static readonly AbiFunction MarketOfFunction = ContractArtifact.MarketFactory.Function("marketOf");
    public static readonly AbiFunction UsdcFunction = ContractArtifact.MarketFactory.Function("usdc");
    public static readonly AbiFunction OutcomeTokenFunction = ContractArtifact.MarketFactory.Function("outcomeToken");
    public static readonly AbiFunction VaultFunction = ContractArtifact.MarketFactory.Function("vault");
    public static readonly AbiFunction SpendableCollateralFunction = ContractArtifact.MarketFactory.Function("spendableCollateral");
    public static readonly AbiFunction SpendableSharesFunction = ContractArtifact.MarketFactory.Function("spendableShares");

    public static readonly AbiFunction HasRoleFunction = ContractArtifact.MarketFactory.Function("hasRole");
    public static readonly AbiFunction SignOfLifeFunction = ContractArtifact.MarketFactory.Function("signOfLife");
    public static readonly AbiFunction LastSignOfLifeFunction = ContractArtifact.MarketFactory.Function("lastSignOfLife");
    public static readonly AbiFunction LongestOrderLifeFunction = ContractArtifact.MarketFactory.Function("longestOrderLife");

    public static readonly AbiEvent SignOfLifeEvent = ContractArtifact.MarketFactory.Event("SignOfLife");
    public static readonly AbiEvent MarketCreated = ContractArtifact.MarketFactory.Event("MarketCreated");

    /// <summary>Role of those who may settle, on every market.</summary>
    public static readonly Hash32 OperatorRole = Keccak256.HashText("OPERATOR");

    public static readonly TimeSpan DefaultOrderLife = TimeSpan.FromHours(24);

    /// <param name="longestOrderLife">
    /// Whole seconds, up to 30 days; null: <see cref="DefaultOrderLife"/>. After such a silence of the operator anyone may fill orders
    /// (escape mode). It cannot be changed later, because a user who was promised a day must not wait for a year (docs/decisions/0208).
    /// </param>
    /// <param name="withdrawalDelay">Of the vault, for ever; null: no vault, so no trade is firm and decisions take effect at once.</param>
    public static byte[] Creation(
        Address usdc,
        Address admin,
        Address @operator,
        Address resolver,
        FeeTerms? fees = null,
        TimeSpan? longestOrderLife = null,
        WithdrawalDelay? withdrawalDelay = null
    ) =>
        ContractArtifact.MarketFactory.Creation(
            usdc,
            admin,
            @operator,
            resolver,
            (long)(longestOrderLife ?? DefaultOrderLife).TotalSeconds,
            withdrawalDelay?.Blocks ?? 0,
            withdrawalDelay?.Seconds ?? 0,
            fees ?? FeeTerms.None
        );

    /// <summary>Operator only. Without one for the longest life of an order the markets enter escape mode.</summary>
    public static byte[] SignOfLife() => SignOfLifeFunction.Encode();

    /// <summary>
    /// Unix seconds of the block's time, the only clock of the contracts (docs/decisions/0208). The deployment is the first sign.
    /// </summary>
    public async Task<long> LastSignOfLifeAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        (long)await ReadAsync<BigInteger>(LastSignOfLifeFunction, block, cancellationToken);

    public Task<bool> IsOperatorAsync(Address account, BlockRef block, CancellationToken cancellationToken = default) =>
        ReadAsync<bool>(HasRoleFunction, block, cancellationToken, OperatorRole, account);

    public async Task<TimeSpan> LongestOrderLifeAsync(BlockRef block = default, CancellationToken cancellationToken = default) =>
        TimeSpan.FromSeconds((long)await ReadAsync<BigInteger>(LongestOrderLifeFunction, block, cancellationToken));

    /// <summary>
    /// Admin only. Reverts if the question has a market already, so a repeated setup asks <see cref="MarketOfAsync"/> first.
    /// </summary>
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

    /// <summary>Null if the factory was deployed without one.</summary>
    public async Task<Address?> VaultAsync(BlockRef block = default, CancellationToken cancellationToken = default)
    {
        var vault = await ReadAsync<Address>(VaultFunction, block, cancellationToken);
        return vault.IsZero ? null : vault;
    }

    /// <summary>In micro-USDC, the lesser of balance and approval, because a transfer needs both; all at the same block.</summary>
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
    /// In 10^-18 shares, 0 without approval, because nothing can be moved without one. Grouped by account: all outcomes of the first
    /// account come first.
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
}
