using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// The floating-point and vector registers of a program as 64-bit FXSAVE or standard XSAVE write them. It is never written to once it is made.
/// </summary>
internal sealed class FpuImage(FpuFormat format, ReadOnlyMemory<byte> bytes)
{
    /// <summary>Offset of MXCSR.</summary>
    public const int Mxcsr = 24;

    /// <summary>Offset of ST(0); each register has 16 bytes of which it uses ten.</summary>
    public const int FloatRegisters = 32;

    /// <summary>Offset of XMM0.</summary>
    public const int VectorRegisters = 160;

    /// <summary>Where the vector registers end and the part begins that processors leave alone.</summary>
    public const int LegacyEnd = 416;

    /// <summary>The 48 bytes that processors leave to software.</summary>
    public const int SoftwareReserved = 464;

    /// <summary>Offset of XSTATE_BV: the components that are not in their initial state.</summary>
    public const int PresentComponents = 512;

    /// <summary>Offset of XCOMP_BV, which is zero in the standard format.</summary>
    public const int Compaction = 520;

    private const ushort InitialControl = 0x037F;
    private const uint InitialMxcsr = 0x1F80;

    public FpuFormat Format { get; } = format;

    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    public ulong Present => Format.HasXsave ? BinaryPrimitives.ReadUInt64LittleEndian(Bytes.Span[PresentComponents..]) : FpuFormat.LegacyComponents;

    /// <summary>The registers that a handler starts with: nothing of what it interrupted.</summary>
    public static FpuImage Initial(FpuFormat format) => new(format, InitialBytes(format));

    /// <summary>The bytes of the initial state, to be changed by whoever asked for them.</summary>
    public static byte[] InitialBytes(FpuFormat format)
    {
        byte[] bytes = new byte[format.Size];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, InitialControl);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Mxcsr), InitialMxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Mxcsr + 4), format.MxcsrMask);
        return bytes;
    }
}
