using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>The address of a Unix-domain socket. man 7 unix.</summary>
/// <param name="Name">A path, or behind a zero a name that is in no directory; one character a byte.</param>
internal sealed record UnixAddress(string Name)
{
    public const int Family = 1;

    /// <summary>Bytes before the name.</summary>
    public const int FamilySize = 2;

    /// <summary>Bytes of <c>struct sockaddr_un</c>.</summary>
    private const int MaxSize = 110;

    public bool IsAbstract => Name[0] == '\0';

    /// <summary>Reads <c>struct sockaddr_un</c>: a path ends at its first zero.</summary>
    /// <returns>Null for -EINVAL.</returns>
    public static UnixAddress? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is <= FamilySize or > MaxSize || BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Family)
            return null;
        ReadOnlySpan<byte> name = bytes[FamilySize..];
        int end = name[0] == 0 ? name.Length : name.IndexOf((byte)0);
        return new UnixAddress(PathNames.OfBytes(end < 0 ? name : name[..end]));
    }

    /// <summary>An address as programs get it; a socket without a name has the family alone.</summary>
    public static byte[] BytesOf(UnixAddress? address)
    {
        byte[] family = [Family, 0];
        return address is null ? family : address.IsAbstract ? [.. family, .. PathNames.BytesOf(address.Name)] : [.. family, .. PathNames.BytesOf(address.Name), 0];
    }
}
