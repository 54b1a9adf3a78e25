using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace Foresight.Console.Shell;

/// <summary>
/// Serves <c>_framework/blazor.web.js</c> out of the framework assembly that carries it as a resource
/// (docs/decisions/0700-blazor-script.md). The assembly is read as data and never loaded.
/// </summary>
public sealed class BlazorScript
{
    public const string Path = "/_framework/blazor.web.js";

    private const string CarrierFile = "blazor-script.bin";
    private const string ResourceName = "_framework/blazor.web.js";

    private readonly byte[] plain;
    private readonly byte[] compressed;
    private readonly EntityTagHeaderValue tag;

    private BlazorScript(byte[] script)
    {
        plain = script;
        tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(script).AsSpan(0, 12))}\"");
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.SmallestSize))
            gzip.Write(script);
        compressed = buffer.ToArray();
    }

    /// <summary>Null where the build took the script from the official assets package; the static assets serve it then.</summary>
    public static BlazorScript? Load(string directory)
    {
        var carrier = System.IO.Path.Combine(directory, CarrierFile);
        return File.Exists(carrier) ? new BlazorScript(ReadResource(carrier)) : null;
    }

    public IResult Serve(HttpContext context)
    {
        var zipped = context.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase);
        context.Response.Headers.Vary = "Accept-Encoding";
        context.Response.Headers.CacheControl = "no-cache";
        if (zipped)
            context.Response.Headers.ContentEncoding = "gzip";
        return Results.Bytes(zipped ? compressed : plain, "text/javascript", entityTag: tag);
    }

    private static byte[] ReadResource(string carrier)
    {
        using var file = new PEReader(File.OpenRead(carrier));
        var metadata = file.GetMetadataReader();
        var resources = file.PEHeaders.CorHeader!.ResourcesDirectory;
        foreach (var handle in metadata.ManifestResources)
        {
            var resource = metadata.GetManifestResource(handle);
            if (metadata.GetString(resource.Name) != ResourceName)
                continue;

            // ECMA-335 II.24.2.4: each resource is its length in four bytes, then its content.
            var at = file.GetSectionData(resources.RelativeVirtualAddress).GetReader((int)resource.Offset, resources.Size - (int)resource.Offset);
            return at.ReadBytes(at.ReadInt32());
        }

        throw new InvalidDataException($"{carrier} does not hold {ResourceName}.");
    }
}
