using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>A contract at its address, and the reads of it.</summary>
public abstract class DeployedContract(EthereumClient client, Address address)
{
    public Address Address => address;

    protected EthereumClient Client => client;

    /// <summary>The first result of a view.</summary>
    /// <exception cref="FormatException">The answer is not what the function returns: there may be no contract.</exception>
    public async Task<T> ReadAsync<T>(
        AbiFunction function,
        BlockRef block,
        CancellationToken cancellationToken,
        params IReadOnlyList<object?> arguments
    ) =>
        (T)function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancellationToken))[0];
}
