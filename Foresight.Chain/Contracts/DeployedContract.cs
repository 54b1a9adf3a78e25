using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

public abstract class DeployedContract(EthereumClient client, Address address)
{
    public Address Address => address;

    /// <summary>
    /// More accounts are split into several calls of one batch against the same block, so that the amounts stay comparable.
    /// </summary>
    public const int AccountLimit = 500;

    /// <summary>
    /// Each amount costs at most 10,000 gas (two cold slots, two calls), so a call stays below a third of the 30 million that nodes allow.
    /// </summary>
    public const int AmountLimit = 1_000;

    protected EthereumClient Client => client;

    public async Task<T> ReadAsync<T>(
        AbiFunction function,
        BlockRef block,
        CancellationToken cancellationToken,
        params IReadOnlyList<object?> arguments
    ) =>
        (T)function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancellationToken))[0];

    /// <param name="perAccount">Amounts that the function returns for each.</param>
    protected async Task<BigInteger[]> ReadManyAsync(
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
