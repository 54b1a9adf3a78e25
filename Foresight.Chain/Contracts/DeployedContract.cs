using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

public abstract class DeployedContract(EthereumClient client, Address address)
{
    public Address Address => address;

    protected EthereumClient Client => client;

    public async Task<T> ReadAsync<T>(
        AbiFunction function,
        BlockRef block,
        CancellationToken cancellationToken,
        params IReadOnlyList<object?> arguments
    ) =>
        (T)function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancellationToken))[0];
}
