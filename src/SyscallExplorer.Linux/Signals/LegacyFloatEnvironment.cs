using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>
/// What FSAVE would have written, which 32-bit frames have before FXSAVE's image: seven dwords, the registers without gaps, and the kernel's own
/// dword of status and magic. SDM vol. 1, figure 8-9; sys/ucontext.h.
/// </summary>
internal static class LegacyFloatEnvironment
{
    /// <summary>Bytes of it.</summary>
    public const int Size = EnvironmentSize + 4;

    /// <summary>Bytes that FSAVE writes.</summary>
    public const int SavedSize = EnvironmentSize;

    private const int EnvironmentSize = Registers + RegisterCount * RegisterSize;
    private const int Status = 4, Tags = 8, InstructionPointer = 12, InstructionSelector = 16, DataPointer = 20, DataSelector = 24, Registers = 28;
    private const int RegisterCount = 8, RegisterSize = 10, ImageRegisterSize = 16;
    private const int ImageStatus = 2, ImageTags = 4, ImageOpcode = 6, ImageInstructionPointer = 8, ImageDataPointer = 16;
    private const int TopShift = 11;
    private const uint UpperHalf = 0xFFFF_0000;
    private const int Valid = 0, Zero = 1, Special = 2, Empty = 3;

    /// <summary>Makes it of FXSAVE's image. The image has no selectors, so those of the program stand in.</summary>
    public static byte[] FromImage(ReadOnlySpan<byte> image, ushort codeSelector, ushort dataSelector)
    {
        byte[] bytes = new byte[Size];
        ushort status = BinaryPrimitives.ReadUInt16LittleEndian(image[ImageStatus..]);
        Put(bytes, 0, BinaryPrimitives.ReadUInt16LittleEndian(image) | UpperHalf);
        Put(bytes, Status, status | UpperHalf);
        Put(bytes, Tags, FullTags(image, status) | UpperHalf);
        Put(bytes, InstructionPointer, BinaryPrimitives.ReadUInt32LittleEndian(image[ImageInstructionPointer..]));
        Put(bytes, InstructionSelector, codeSelector);
        Put(bytes, DataPointer, BinaryPrimitives.ReadUInt32LittleEndian(image[ImageDataPointer..]));
        Put(bytes, DataSelector, dataSelector | UpperHalf);
        for (int i = 0; i < RegisterCount; i++)
            ImageRegister(image, i).CopyTo(bytes.AsSpan(Registers + i * RegisterSize));
        Put(bytes, EnvironmentSize, status);
        return bytes;
    }

    /// <summary>Puts the x87 state of it into FXSAVE's image.</summary>
    public static void ToImage(ReadOnlySpan<byte> environment, Span<byte> image)
    {
        environment[..2].CopyTo(image);
        environment.Slice(Status, 2).CopyTo(image[ImageStatus..]);
        BinaryPrimitives.WriteUInt16LittleEndian(image[ImageTags..], AbridgedTags(BinaryPrimitives.ReadUInt16LittleEndian(environment[Tags..])));
        environment.Slice(InstructionSelector + 2, 2).CopyTo(image[ImageOpcode..]);
        BinaryPrimitives.WriteUInt64LittleEndian(image[ImageInstructionPointer..], BinaryPrimitives.ReadUInt32LittleEndian(environment[InstructionPointer..]));
        BinaryPrimitives.WriteUInt64LittleEndian(image[ImageDataPointer..], BinaryPrimitives.ReadUInt32LittleEndian(environment[DataPointer..]));
        for (int i = 0; i < RegisterCount; i++)
            environment.Slice(Registers + i * RegisterSize, RegisterSize).CopyTo(image[(FpuImage.FloatRegisters + i * ImageRegisterSize)..]);
    }

    private static ReadOnlySpan<byte> ImageRegister(ReadOnlySpan<byte> image, int index) =>
        image.Slice(FpuImage.FloatRegisters + index * ImageRegisterSize, RegisterSize);

    /// <summary>Two bits for each physical register, which the image has one bit of: what is not empty is looked at.</summary>
    private static uint FullTags(ReadOnlySpan<byte> image, ushort status)
    {
        int top = (status >> TopShift) & (RegisterCount - 1);
        uint tags = 0;
        for (int physical = 0; physical < RegisterCount; physical++)
        {
            bool isUsed = (image[ImageTags] & (1 << physical)) != 0;
            int tag = isUsed ? Classify(ImageRegister(image, (physical - top) & (RegisterCount - 1))) : Empty;
            tags |= (uint)tag << (physical * 2);
        }

        return tags;
    }

    private static int Classify(ReadOnlySpan<byte> register)
    {
        const int signMask = 0x7FFF;
        ulong significand = BinaryPrimitives.ReadUInt64LittleEndian(register);
        int exponent = BinaryPrimitives.ReadUInt16LittleEndian(register[8..]) & signMask;
        return exponent switch
        {
            signMask => Special,
            0 => significand == 0 ? Zero : Special,
            _ => (long)significand < 0 ? Valid : Special,
        };
    }

    private static ushort AbridgedTags(ushort tags)
    {
        int used = 0;
        for (int physical = 0; physical < RegisterCount; physical++)
            used |= ((tags >> (physical * 2)) & Empty) == Empty ? 0 : 1 << physical;
        return (ushort)used;
    }

    private static void Put(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
}
