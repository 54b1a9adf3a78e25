using System.Text.Json;
using Foresight.Chain.Abi;
using Nethereum.ABI.ABIDeserialisation;
using Nethereum.ABI.Model;

namespace Foresight.Chain.Contracts;

/// <summary>
/// Functions, events and errors are looked up in the compiled ABI, so they cannot differ from the contracts, and a name that these do not
/// have fails when a class is loaded (docs/decisions/0206).
/// </summary>
public sealed class ContractArtifact
{
    private readonly byte[] _bytecode;

    private ContractArtifact(string name, ContractABI abi, byte[] bytecode) => (Name, Abi, _bytecode) = (name, abi, bytecode);

    public static ContractArtifact Market { get; } = Load("Market");
    public static ContractArtifact MarketFactory { get; } = Load("MarketFactory");
    public static ContractArtifact OutcomeToken { get; } = Load("OutcomeToken");
    public static ContractArtifact Vault { get; } = Load("Vault");

    /// <summary>For development chains only, because anyone can mint this token.</summary>
    public static ContractArtifact MockUsdc { get; } = Load("MockUSDC");

    /// <summary>Production code uses only its ERC-1271 interface; tests make it misbehave.</summary>
    public static ContractArtifact TestWallet { get; } = Load("TestWallet");

    public string Name { get; }

    public ContractABI Abi { get; }

    public byte[] Creation(params IReadOnlyList<object?> arguments) =>
        [.. _bytecode, .. AbiEncoder.Encode(Abi.Constructor?.InputParameters ?? [], arguments)];

    public AbiFunction Function(string name) => new(Abi.Functions.Single(f => f.Name == name));

    public byte[] Encode(string function, params IReadOnlyList<object?> arguments) => Function(function).Encode(arguments);

    public AbiEvent Event(string name) => new(Abi.Events.Single(e => e.Name == name));

    public AbiError Error(string name) => new(Abi.Errors.Single(e => e.Name == name));

    private static ContractArtifact Load(string name)
    {
        using var stream =
            typeof(ContractArtifact).Assembly.GetManifestResourceStream($"contracts/{name}.json")
            ?? throw new InvalidOperationException($"The artifact of {name} is not embedded in this assembly.");
        using var document = JsonDocument.Parse(stream);
        var root = document.RootElement;
        var abi = new ABIJsonDeserialiser().DeserialiseContract(root.GetProperty("abi").GetRawText());
        return new ContractArtifact(name, abi, Hex.Decode(root.GetProperty("bytecode").GetString()!));
    }
}
