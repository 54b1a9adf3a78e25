using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>A contract at a known address, with typed reads.</summary>
public abstract class DeployedContract(EthereumClient client, Address address)
{
    public Address Address => address;

    protected EthereumClient Client => client;

    /// <summary>Calls a view and returns its first result.</summary>
    /// <exception cref="FormatException">The answer does not match the function's results, for
    /// instance because no contract is deployed there.</exception>
    public async Task<T> ReadAsync<T>(
        AbiFunction function,
        BlockRef block,
        CancellationToken cancellationToken,
        params IReadOnlyList<object?> arguments
    ) =>
        (T)function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancellationToken))[0];
}
