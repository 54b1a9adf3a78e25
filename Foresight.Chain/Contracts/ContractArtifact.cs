using System.Text.Json;
using Foresight.Chain.Abi;

namespace Foresight.Chain.Contracts;

/// <summary>A compiled contract, embedded in this assembly from contracts/artifacts.</summary>
public sealed class ContractArtifact
{
    private readonly byte[] _bytecode;

    private ContractArtifact(string name, JsonElement abi, byte[] bytecode) => (Name, Abi, _bytecode) = (name, abi, bytecode);

    public static ContractArtifact Market { get; } = Load("Market");
    public static ContractArtifact MarketFactory { get; } = Load("MarketFactory");
    public static ContractArtifact OutcomeToken { get; } = Load("OutcomeToken");

    /// <summary>For development chains only: anybody may mint it.</summary>
    public static ContractArtifact MockUsdc { get; } = Load("MockUSDC");

    /// <summary>For tests: an ERC-1271 wallet that can be told to misbehave.</summary>
    public static ContractArtifact TestWallet { get; } = Load("TestWallet");

    public string Name { get; }

    /// <summary>Solidity's JSON description of functions, events and errors.</summary>
    public JsonElement Abi { get; }

    /// <summary>Data of a transaction that creates the contract.</summary>
    /// <param name="constructorTypes">Parameters in parentheses, such as <c>(address admin, uint256 limit)</c>.</param>
    public byte[] Creation(string constructorTypes, params IReadOnlyList<object?> arguments)
        => [.. _bytecode, .. AbiEncoder.Encode(AbiType.Parse(constructorTypes).Components, arguments)];

    private static ContractArtifact Load(string name)
    {
        using var stream = typeof(ContractArtifact).Assembly.GetManifestResourceStream($"contracts/{name}.json")
            ?? throw new InvalidOperationException($"The artifact of {name} is not embedded in this assembly.");
        using var document = JsonDocument.Parse(stream);
        var root = document.RootElement;
        return new ContractArtifact(name, root.GetProperty("abi").Clone(), Hex.Decode(root.GetProperty("bytecode").GetString()!));
    }
}
