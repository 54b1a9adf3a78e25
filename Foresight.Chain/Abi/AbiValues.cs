using System.Numerics;
using Nethereum.ABI.Model;

namespace Foresight.Chain.Abi;

public sealed class AbiValues(IReadOnlyList<Parameter> parameters, IReadOnlyList<object> values)
{
    public object this[int index] => values[index];

    public object this[string name]
    {
        get
        {
            for (var i = 0; i < parameters.Count; i++)
            {
                if (parameters[i].Name == name)
                    return values[i];
            }

            throw new KeyNotFoundException($"There is no value named {name}.");
        }
    }

    public BigInteger Integer(string name) => (BigInteger)this[name];

    public Address Address(string name) => (Address)this[name];

    public Hash32 Hash(string name) => (Hash32)this[name];

    public bool Bool(string name) => (bool)this[name];

    public byte[] Bytes(string name) => (byte[])this[name];

    public string Text(string name) => (string)this[name];
}
