using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Setup;

internal sealed record MadeContracts(Address Usdc, Address OutcomeToken, Address Factory, long DeployedBlock);

/// <summary>Only development nodes have the RPC methods that it uses.</summary>
internal sealed class DevelopmentChain(EthereumClient client, OperatorKey key, long chainId, WithdrawalDelay? vaultDelay)
{
    // Gas used by the artifacts, with a margin; unused gas is refunded. The sum of a default set-up fits into two blocks of 30 million.
    private const long UsdcGas = 2_000_000;
    private const long FactoryGas = 15_000_000;
    private const long MarketGas = 6_000_000;
    private const long MintGas = 100_000;

    private static readonly BigInteger Ether = BigInteger.Pow(10, 18);
    private static readonly BigInteger Gift = 1_000_000 * BigInteger.Pow(10, 6);

    /// <param name="generation">
    /// Number of the chain. A contract's address follows from its deployer and nonce, and signatures of orders are bound to it; so each
    /// generation starts at a nonce of its own, or orders of a lost chain would be valid on its replacement.
    /// </param>
    public async Task<MadeContracts> DeployAsync(int generation, IReadOnlyList<PlannedMarket> markets, CancellationToken cancellationToken)
    {
        var first = await client.BlockNumberAsync(cancellationToken) + 1;
        if (await client.GetBalanceAsync(key.Key.Address, cancellationToken: cancellationToken) < Ether)
            await client.RequestAsync(
                new RpcRequest("hardhat_setBalance", key.Key.Address.ToLowerHex(), Hex.EncodeQuantity(10_000 * Ether)),
                cancellationToken
            );
        var nonce = (generation - 1) * 1_000_000L;
        if (await client.GetTransactionCountAsync(key.Key.Address, BlockRef.Pending, cancellationToken) < nonce)
            await client.RequestAsync(
                new RpcRequest("hardhat_setNonce", key.Key.Address.ToLowerHex(), Hex.EncodeQuantity(nonce)),
                cancellationToken
            );

        var transactions = new TransactionSequence(client, key.Key, chainId);
        var usdc = (await transactions.SendAsync(null, UsdcContract.Creation(), UsdcGas, cancellationToken)).ContractAddress;
        var self = key.Key.Address;
        var factory = (
            await transactions.SendAsync(
                null,
                MarketFactoryContract.Creation(usdc, self, self, self, withdrawalDelay: vaultDelay),
                FactoryGas,
                cancellationToken
            )
        ).ContractAddress;
        await AddMarketsAsync(transactions, factory, markets, cancellationToken);
        await transactions.WaitAsync(cancellationToken);
        var token = await new MarketFactoryContract(client, factory).OutcomeTokenAsync(cancellationToken: cancellationToken);
        return new MadeContracts(usdc, token, factory, first);
    }

    public async Task AddMarketsAsync(Address factory, IReadOnlyList<PlannedMarket> markets, CancellationToken cancellationToken)
    {
        var transactions = new TransactionSequence(client, key.Key, chainId);
        await AddMarketsAsync(transactions, factory, markets, cancellationToken);
        await transactions.WaitAsync(cancellationToken);
    }

    /// <summary>Lets the node's own accounts trade at once, with mock USDC and approvals. The operator's account is left out.</summary>
    public async Task<int> FundAsync(MadeContracts contracts, CancellationToken cancellationToken)
    {
        var unlocked = await client.RequestAsync(new RpcRequest("eth_accounts"), cancellationToken);
        var accounts = unlocked
            .EnumerateArray()
            .Select(a => Address.Parse(a.GetString()!))
            .Where(a => a != key.Key.Address)
            .Take(9)
            .ToList();
        var vault = await new MarketFactoryContract(client, contracts.Factory).VaultAsync(cancellationToken: cancellationToken);
        var transactions = new TransactionSequence(client, key.Key, chainId);
        foreach (var account in accounts)
        {
            await transactions.SendAsync(contracts.Usdc, UsdcContract.Mint(account, Gift), MintGas, cancellationToken);
            await transactions.SendUnlockedAsync(
                account,
                contracts.Usdc,
                UsdcContract.Approve(contracts.Factory, Word.MaxUInt256),
                cancellationToken
            );
            await transactions.SendUnlockedAsync(
                account,
                contracts.OutcomeToken,
                OutcomeTokenContract.SetApprovalForAll(contracts.Factory, true),
                cancellationToken
            );
            if (vault is { } address)
                await transactions.SendUnlockedAsync(
                    account,
                    contracts.Usdc,
                    UsdcContract.Approve(address, Word.MaxUInt256),
                    cancellationToken
                );
        }

        await transactions.WaitAsync(cancellationToken);
        return accounts.Count;
    }

    private static async Task AddMarketsAsync(
        TransactionSequence transactions,
        Address factory,
        IReadOnlyList<PlannedMarket> markets,
        CancellationToken cancellationToken
    )
    {
        foreach (var market in markets)
            await transactions.SendAsync(
                factory,
                MarketFactoryContract.CreateMarket(Keccak256.HashText(market.Question), market.Outcomes.Count),
                MarketGas,
                cancellationToken
            );
    }
}
