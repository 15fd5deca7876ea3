"""Picture files made by tests: turned by EXIF data, cut off, with false lengths."""

import base64
import struct
import zlib

import cv2
import numpy as np

# 48 x 32, written by OpenCV with quality 50, and the same with a restart marker at every second
# unit of coded data.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4"
    "UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAgADADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcI"
    "CQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRol"
    "JicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ip"
    "qrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA"
    "AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLR"
    "ChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaX"
    "mJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEA"
    "PwC3DIofJrQe5jNvtzzXPtKQMiokunMm3PFFSj7NaFYqsorQuspNxu7VoLMqwcmqkYDR571BdebsIWvPoV+SZ4yUpvYm"
    "+1RmbGa0IpFKcVyKrci5yelbttKViAbrXXjZe2SsdcE8HrvczWDEYpkcTiTOKuRoC1XPJQR5xXTTxCs00b4eg6+7I7du"
    "ADV5IkdeazFOJsCtS3PyiuH6vzSudMqccO0rDJrSJU3Y5rLmlCPgVs3RxAa5W8kYTGtJL2W50eyVVH//2Q=="
)
JPEG_WITH_RESTARTS = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4"
    "UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAgADADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcI"
    "CQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRol"
    "JicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ip"
    "qrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA"
    "AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLR"
    "ChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaX"
    "mJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/90ABAAC/9oADAMB"
    "AAIRAxEAPwC3DIofJrQe5jNvtzzXPtKQMiokunMm3PFFSj7NaFYqsorQuspNxu7VoLMqwcmqkYDR571BdebsIWvPoV+S"
    "Z4yUpvY//9Cf7VGZsZrQikUpxXIqtyLnJ6Vu20pWIButZY2XtkrHHBPB673M1gxGKZHE4kzirkaAtVzyUEecV008QrNN"
    "G+HoOvuz/9GW3bgA1eSJHXmsxTibArUtz8orl+r80rmkqccO0rDJrSJU3Y5rLmlCPgVs3RxAa5W8kYTGtJL2W50eyVVH"
    "/9k="
)


def encoded(image, suffix, parameters=()):
    """Return the bytes of a picture file."""
    done, data = cv2.imencode(suffix, image, parameters)
    assert done
    return data.tobytes()


def exif(orientation):
    """Return an APP1 segment that holds only an orientation."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    return segment(0xE1, b"Exif\0\0" + tiff)


def segment(marker, payload):
    """Return a segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload


def insert_after_start(jpeg, extra):
    """Return a JPEG with a further segment at its start."""
    return jpeg[:2] + extra + jpeg[2:]


def turned_jpeg(height, width, seed=0):
    """Return a JPEG of stored pixels [height, width] that is to be turned by a quarter."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return insert_after_start(encoded(noise, ".jpg"), exif(6))


def chunk(kind, content, length=None):
    """Return a chunk of a PNG, with a false length if one is given."""
    size = len(content) if length is None else length
    return struct.pack(">I", size) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(height, width, *, length=None):
    """Return a PNG of 8-bit RGB that declares a size and has 1000 bytes of pixels.

    Args:
        height, width: what the header says, in pixels.
        length: what the chunk of pixels says, in bytes, instead of its real length.
    """
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)), length)
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def resized_jpeg(height, width):
    """Return a small JPEG whose header declares another size."""
    data = bytearray(JPEG)
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">2H", height, width)
    return bytes(data)
