/*M!999999\- enable the sandbox mode */ 

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
DROP TABLE IF EXISTS `attempts`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `attempts` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `name` varchar(250) NOT NULL,
  `ca_name` varchar(64) NOT NULL,
  `account` varchar(1000) DEFAULT NULL,
  `order_url` varchar(1000) DEFAULT NULL,
  `outcome` varchar(32) NOT NULL,
  `detail` varchar(500) DEFAULT NULL,
  `ts_start` bigint(20) NOT NULL,
  `ts_end` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `attempts_name` (`name`,`ts_start`),
  KEY `attempts_account` (`ca_name`,`account`,`ts_start`),
  KEY `attempts_end` (`ts_end`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `attempts` WRITE;
/*!40000 ALTER TABLE `attempts` DISABLE KEYS */;
INSERT INTO `attempts` VALUES
(3,'a.example.org','le','https://ca.example/acct/1','https://ca.example/order/3','ok',NULL,1796003359,1796003359),
(4,'b.example.org','le','https://ca.example/acct/1',NULL,'dns','no answer',1796003359,1796003359),
(5,'e.example.org','pebble','https://127.0.0.1:22817/my-account/7d0c36a0395f155b','https://127.0.0.1:22817/my-order/kxSQ3qjBpWVWLQxhGYYxUJQ1qtBO6E9QBn-IJ-XyeCE','ok',NULL,1796003359,1796003359),
(6,'e.example.org','pebble','https://127.0.0.1:22817/my-account/7d0c36a0395f155b','https://127.0.0.1:22817/my-order/BdQJUyfNjBTUEH4rXveMQY-8gCukv_-tPaJRyK7sKzI','ok',NULL,1796003360,1796003360);
/*!40000 ALTER TABLE `attempts` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `cas`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `cas` (
  `name` varchar(64) NOT NULL,
  `directory` varchar(1000) NOT NULL,
  `account` varchar(1000) DEFAULT NULL,
  `account_key` varchar(64) DEFAULT NULL,
  `backoff_until` bigint(20) NOT NULL DEFAULT 0,
  `count_fail` int(11) NOT NULL DEFAULT 0,
  `fail_class` varchar(32) DEFAULT NULL,
  `fail_detail` varchar(500) DEFAULT NULL,
  `eab_kid` varchar(255) DEFAULT NULL,
  `renewal_info` varchar(1000) DEFAULT NULL,
  `profiles` text DEFAULT NULL,
  `caa` varchar(1000) DEFAULT NULL,
  `ts_offer` bigint(20) NOT NULL DEFAULT 0,
  `chains` text DEFAULT NULL,
  `discovered` varchar(500) DEFAULT NULL,
  `ts_discovered` bigint(20) NOT NULL DEFAULT 0,
  `ts_down` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `cas` WRITE;
/*!40000 ALTER TABLE `cas` DISABLE KEYS */;
INSERT INTO `cas` VALUES
('le','https://ca.example/dir','https://ca.example/acct/1','thumb',0,0,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,0,0),
('pebble','https://127.0.0.1:22817/dir','https://127.0.0.1:22817/my-account/7d0c36a0395f155b','hHbIp_akzZQDjk3OPvGDSnC85mpK9vtpsf0hzu-fGMs',0,0,NULL,NULL,NULL,'https://127.0.0.1:22817/draft-ietf-acme-ari-03/renewalInfo','','',1796003359,'Pebble Root CA 5479ca	f4f81eb29cb5e7d9cd879d0f272bba0c784d4936bc86aa27edb7709c1780a897	1796003359\n',NULL,0,0);
/*!40000 ALTER TABLE `cas` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `certs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `certs` (
  `name` char(250) NOT NULL,
  `enable` enum('Y','N') DEFAULT 'Y',
  `comment` tinytext DEFAULT NULL,
  `certbot` enum('Y','N') DEFAULT 'N',
  `csr` blob NOT NULL,
  `ca` blob DEFAULT NULL,
  `crt` blob DEFAULT NULL,
  `md5_modulus` char(64) NOT NULL,
  `md5_ca` char(64) DEFAULT NULL,
  `ts_expire` int(64) unsigned DEFAULT NULL,
  `ts_last_update` int(64) unsigned DEFAULT NULL,
  `count_fail_update` int(8) DEFAULT NULL,
  `old_ca` blob DEFAULT NULL,
  `old_crt` blob DEFAULT NULL,
  `webroot_path` tinytext DEFAULT NULL,
  `ca_name` varchar(64) DEFAULT NULL,
  `challenge` varchar(16) DEFAULT NULL,
  `key_sha256` char(64) DEFAULT NULL,
  `crt_sha256` char(64) DEFAULT NULL,
  `ts_not_before` bigint(20) NOT NULL DEFAULT 0,
  `ts_expire_seen` bigint(20) NOT NULL DEFAULT 0,
  `ts_due` bigint(20) NOT NULL DEFAULT 0,
  `ts_next_attempt` bigint(20) NOT NULL DEFAULT 0,
  `renew` tinyint(4) NOT NULL DEFAULT 0,
  `held` tinyint(4) NOT NULL DEFAULT 0,
  `fail_class` varchar(32) DEFAULT NULL,
  `fail_detail` varchar(500) DEFAULT NULL,
  `lease_owner` varchar(128) DEFAULT NULL,
  `lease_until` bigint(20) NOT NULL DEFAULT 0,
  `ca_profile` varchar(64) DEFAULT NULL,
  `ari_crt` char(64) DEFAULT NULL,
  `ts_ari` bigint(20) NOT NULL DEFAULT 0,
  `ari_start` bigint(20) NOT NULL DEFAULT 0,
  `ari_end` bigint(20) NOT NULL DEFAULT 0,
  `ari_url` varchar(500) DEFAULT NULL,
  `ts_ari_poll` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`name`),
  KEY `name` (`name`),
  KEY `certs_due` (`enable`,`ts_due`),
  KEY `certs_lease` (`lease_owner`),
  KEY `certs_key` (`key_sha256`),
  KEY `certs_next` (`enable`,`ts_next_attempt`),
  KEY `certs_ari` (`enable`,`ca_name`,`ts_ari_poll`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `certs` WRITE;
/*!40000 ALTER TABLE `certs` DISABLE KEYS */;
INSERT INTO `certs` VALUES
('a.example.org','Y',NULL,'N','-----BEGIN CERTIFICATE REQUEST-----\nMIH9MIGlAgEAMBgxFjAUBgNVBAMMDWEuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIB\nBggqhkjOPQMBBwNCAATPOTzILG7j3wbLl3l0McwtVsbr/LF0QrV6Zk1wD+wL1YlE\na7FZ8kgMrS8P5kvHt1Knteuam78qTQ35LXLKkGONoCswKQYJKoZIhvcNAQkOMRww\nGjAYBgNVHREEETAPgg1hLmV4YW1wbGUub3JnMAoGCCqGSM49BAMCA0cAMEQCIAgf\nzqiE1lhPoTlHo7BMppa2PKZTXX5Es+K66GfBfppUAiAUTmuD9XnuLrJ9in+8p4h9\n0nKXqjN5bwq6URnzxpkkQg==\n-----END CERTIFICATE REQUEST-----\n','-----BEGIN CERTIFICATE----- ca','-----BEGIN CERTIFICATE----- one','2f4e7435203832f4460d009c41692bbe','0123456789abcdef0123456789abcdef',1905000000,1796003359,0,NULL,'old one',NULL,NULL,NULL,'2c3c9c4436b5436fefc73729e3c09f88a316d13491dd89d7563d5c1b6cb2fd4c','aa',1896000000,1905000000,1900000000,0,0,0,NULL,NULL,NULL,0,NULL,NULL,0,0,0,NULL,0),
('b.example.org','N',NULL,'N','-----BEGIN CERTIFICATE REQUEST-----\nMIH+MIGlAgEAMBgxFjAUBgNVBAMMDWIuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIB\nBggqhkjOPQMBBwNCAASrEWCrWP50Ip7An+P4mXgfuVMbRP46D9cChdOyhA3pqIyF\nKcodBK33zR7kNNWPlrHOTDDXt7FVl01+5l6BXcSxoCswKQYJKoZIhvcNAQkOMRww\nGjAYBgNVHREEETAPgg1iLmV4YW1wbGUub3JnMAoGCCqGSM49BAMCA0gAMEUCIFet\nTmgcDZXcvFFKvxHu+3JslNXtyi26o/YYe2WfpeesAiEA9uvBWDDWfYThQB/RQwjF\n6LQAa0lviXJ8BBlQapuK7K8=\n-----END CERTIFICATE REQUEST-----\n',NULL,NULL,'73a1daa45c1f8c7256d99af545a2026b',NULL,1,1,2,NULL,NULL,NULL,'le','dns-01','f4fc785206cdef57407f6c7e4f0bf3c39227123768251ea34c838130404be787',NULL,0,1,1890000000,1890000000,0,0,'dns','no answer',NULL,0,NULL,NULL,0,0,0,NULL,0),
('c.example.org','Y',NULL,'N','CSR',NULL,'by a script of 2019','m',NULL,1700000000,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,0,0,0,0,NULL,NULL,NULL,0,NULL,NULL,0,0,0,NULL,0),
('d.example.org','N',NULL,'N','-----BEGIN CERTIFICATE REQUEST-----\nMIH/MIGlAgEAMBgxFjAUBgNVBAMMDWQuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIB\nBggqhkjOPQMBBwNCAAS9lgqtP9dmDXXfXKTlIen3UgZSU6XR/N4WOsjOIolzS8M6\ngfWW5zAS9GIXSnX2dKmpsNYJqlarswrEF4/bTSiWoCswKQYJKoZIhvcNAQkOMRww\nGjAYBgNVHREEETAPgg1kLmV4YW1wbGUub3JnMAoGCCqGSM49BAMCA0kAMEYCIQCx\nhAMgWGWOH+ioWpRhOiHG3Lpt/cWRF+Uc8I8ydyKkzQIhAOxuD55Ec7Zen+2b1Q1N\nc/4I0U4UaPJo38tXlua4kw/o\n-----END CERTIFICATE REQUEST-----\n',NULL,NULL,'82df6249ad209cfd3b0cb8a072edb8c4',NULL,1,1896000000,0,NULL,NULL,NULL,NULL,NULL,'76e028ad7e66887df819841663e0023354acc68e2b75ed4553f8c655ae9a7f9c',NULL,0,1,1896003600,1896003600,0,0,'parked','waiting for the CA to issue',NULL,0,NULL,NULL,0,0,0,NULL,0),
('e.example.org','Y','the mail server','Y','-----BEGIN CERTIFICATE REQUEST-----\nMIIBETCBuAIBADAYMRYwFAYDVQQDDA1lLmV4YW1wbGUub3JnMFkwEwYHKoZIzj0C\nAQYIKoZIzj0DAQcDQgAErHSI7yy7PfNWXTSjmjhKw9LC8vwExLJHJVpsoZAG6lG/\nKgDoerC5r3xMg+s14fAZXr+knLyeSJGwjFxNecAkBaA+MDwGCSqGSIb3DQEJDjEv\nMC0wKwYDVR0RBCQwIoINZS5leGFtcGxlLm9yZ4IRd3d3LmUuZXhhbXBsZS5vcmcw\nCgYIKoZIzj0EAwIDSAAwRQIgaTAHEg/NG+KLVa6zfcStZmWKCvYumrrNzMh0Qh/i\nlEgCIQDNbGTD4AtgZTDBdwvlHqi9LbFVXSOT7EEzzGt/Tu/eNQ==\n-----END CERTIFICATE REQUEST-----\n','-----BEGIN CERTIFICATE-----\nMIIDUDCCAjigAwIBAgIIbGjRiYPtd7QwDQYJKoZIhvcNAQELBQAwIDEeMBwGA1UE\nAxMVUGViYmxlIFJvb3QgQ0EgNTQ3OWNhMCAXDTI2MTEzMDAxNDkxMFoYDzIwNTYx\nMTMwMDE0OTEwWjAoMSYwJAYDVQQDEx1QZWJibGUgSW50ZXJtZWRpYXRlIENBIDc1\nNjRkODCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBANqBuBlttu9DHz5V\nGJO4HLyorJzsrx2If9cCaC1f2Cw9GuXYw4oCx4gtAyHlj9Bpr1qwlSKmrpIl7n/G\n3xkWRAhwNvo+Q9jf/epMBX/1r5CzFInWyEqp0dIFBNY7YBxxi+7jXqRBZlTjnYk3\nm8mEGU3PSNKNv4+dEugAw/kbh2RSq2hHSb9jGcHK/FmSOC4WzMwnKH1VXkxFziZi\nAL2RfqvGWuch1CuvMQpDkHh+RsqzBnJcldGfOdDtw+VroqIyeWzXhmDZnUmRaLF3\nPerK/k31UTp3iathxKJuEZMs35SODeayBMjmsjWQu5LuRecDBNe1OOGpUkOWjHYX\nUNyLRssCAwEAAaOBgzCBgDAOBgNVHQ8BAf8EBAMCAoQwHQYDVR0lBBYwFAYIKwYB\nBQUHAwEGCCsGAQUFBwMCMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFKUajg6e\nXnAbSoVnKf/7Xl52cN0tMB8GA1UdIwQYMBaAFA2KpKKq2ENBAbNKYVeSLGWAQBxX\nMA0GCSqGSIb3DQEBCwUAA4IBAQADOXMKPQEe4GUlfXQmKl50Hb7IPxV08QNUvNbc\nibNi33JlVIY3YDj0cMm+wia3bzRCk7b0BPGYT/3jCM1/ucxIlNtmkDIXR43T5hg+\nFYSp6ouc3xk9cshXIvyBneXbr06nW17cNmM9M/tSOrerCr4ZhZd+JSeT4NSf2/Ov\nCzffg75TOmG5RCyohy5+riDVFYUPtdQh4v+dr/vH0ge1oN67/eufWEpjXZvkEO+E\nwtmnQNB6A99d249BTZR07hXwM07aa2mi+Z78A0/mSZaDQ+tIqKQryuyuMSNJm34w\nlokqZ8G6T81t2JUNmbILvkAoGN1WiV0lE1DZGcItM56/jJN2\n-----END CERTIFICATE-----\n','-----BEGIN CERTIFICATE-----\nMIICkDCCAXigAwIBAgIIbs3hYmYKOb4wDQYJKoZIhvcNAQELBQAwKDEmMCQGA1UE\nAxMdUGViYmxlIEludGVybWVkaWF0ZSBDQSA3NTY0ZDgwHhcNMjYxMTMwMDE0OTIw\nWhcNMzYxMTI3MDE0OTE5WjAAMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErHSI\n7yy7PfNWXTSjmjhKw9LC8vwExLJHJVpsoZAG6lG/KgDoerC5r3xMg+s14fAZXr+k\nnLyeSJGwjFxNecAkBaOBsDCBrTAOBgNVHQ8BAf8EBAMCBaAwHQYDVR0lBBYwFAYI\nKwYBBQUHAwEGCCsGAQUFBwMCMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFNreMu5E\nDb8bps0y3ur/zHc22eQUMB8GA1UdIwQYMBaAFKUajg6eXnAbSoVnKf/7Xl52cN0t\nMC4GA1UdEQEB/wQkMCKCDWUuZXhhbXBsZS5vcmeCEXd3dy5lLmV4YW1wbGUub3Jn\nMA0GCSqGSIb3DQEBCwUAA4IBAQBDmW61YWSqlXK5BL7h0EBycQ71s3G+K7fyVQ6T\nbNj5e6mXASff7chYx7ZgazVDVUmYhOT+ndD97UN1bs0VWV4GoAA8q0efH7rh6yO8\njf9oEuXrhKA+IDZdiF9mEmGHoEW1LZgK4nFRYjwn0B1mFaDwzTsiuhboomQpYM/q\nsnJSHZAvrGMXHF7/El28R6DaxkGNwxw05O1DZHv/NT7mLxx4IMhhCZ9UNS/4aJ/+\nDMEN2cE2EZf3hxI3mNv2qssXaVRDfm+/0J/2IIUDMnbn5X/r7h2hptKzZI6k4xdg\n25MhhsN3MruUN77zoJuWxN8Jlrs1C+zVWARAOOCpOnTBxh0k\n-----END CERTIFICATE-----\n','f5d14062856aa1c64421fb1d5c7b9173','406eaf39f17b5c1fc730ad203bdfd4ee',2111363359,1796003360,0,NULL,'-----BEGIN CERTIFICATE-----\nMIICkDCCAXigAwIBAgIIOZr1frCV7AAwDQYJKoZIhvcNAQELBQAwKDEmMCQGA1UE\nAxMdUGViYmxlIEludGVybWVkaWF0ZSBDQSA3NTY0ZDgwHhcNMjYxMTMwMDE0OTE5\nWhcNMzYxMTI3MDE0OTE4WjAAMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErHSI\n7yy7PfNWXTSjmjhKw9LC8vwExLJHJVpsoZAG6lG/KgDoerC5r3xMg+s14fAZXr+k\nnLyeSJGwjFxNecAkBaOBsDCBrTAOBgNVHQ8BAf8EBAMCBaAwHQYDVR0lBBYwFAYI\nKwYBBQUHAwEGCCsGAQUFBwMCMAwGA1UdEwEB/wQCMAAwHQYDVR0OBBYEFNreMu5E\nDb8bps0y3ur/zHc22eQUMB8GA1UdIwQYMBaAFKUajg6eXnAbSoVnKf/7Xl52cN0t\nMC4GA1UdEQEB/wQkMCKCDWUuZXhhbXBsZS5vcmeCEXd3dy5lLmV4YW1wbGUub3Jn\nMA0GCSqGSIb3DQEBCwUAA4IBAQC3OXQYBwBO+fdtcgYB5qSadsTj4maQOLXMVD4W\nkzwgu3Wy7sGy0fv/37XEjAQHQBsXfhOe9CcxcdFaTRTHPLIOMkTGal0ZFAPDreLV\npBxOtnrzR68oOBtcDNrtBGg/1K1jVwkApoV+KGwDfWibluRKiKBIF8BmNiX2Qw/w\nCKhYC0BuRew8G7rt5TiTL74r0qhj9Y4+nst5xAjBD8hRhOmzlkaG9vXEFexxSJ7f\n/YF3Csj5HIRFWIU6EFeNrvg5F5H87KsXzwLn1Ucu9Yn+cZRH/0V4jXPKARADNkd5\nQszOW3UffP+CqBmWgBRBTi2e4BH6r9KE2aOG7rJYN1diNI35\n-----END CERTIFICATE-----\n','/var/www/e','pebble','http-01','e3bf033283ae1156fbc36c3c6767f2f66f0f51bcf7d572f07783459b97e7f69f','45c33404f32a698a75dddc82cae9279cd3804bce81d5c04067be028b962c460f',1796003360,2111363359,2006314951,0,0,0,NULL,NULL,NULL,0,NULL,'45c33404f32a698a75dddc82cae9279cd3804bce81d5c04067be028b962c460f',2006314951,2006156959,2006329759,NULL,1796024960);
/*!40000 ALTER TABLE `certs` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `host_certs`;
/*!50001 DROP VIEW IF EXISTS `host_certs`*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8mb4;
/*!50001 CREATE VIEW `host_certs` AS SELECT
 NULL AS `name`,
 NULL AS `enable`,
 NULL AS `crt`,
 NULL AS `ca`,
 NULL AS `md5_ca`,
 NULL AS `ts_expire`,
 NULL AS `min_reader` */;
SET character_set_client = @saved_cs_client;
DROP TABLE IF EXISTS `host_installs`;
/*!50001 DROP VIEW IF EXISTS `host_installs`*/;
SET @saved_cs_client     = @@character_set_client;
SET character_set_client = utf8mb4;
/*!50001 CREATE VIEW `host_installs` AS SELECT
 NULL AS `host`,
 NULL AS `name`,
 NULL AS `service`,
 NULL AS `endpoint`,
 NULL AS `protocol`,
 NULL AS `state`,
 NULL AS `fingerprint`,
 NULL AS `serial`,
 NULL AS `ts_expire`,
 NULL AS `depth`,
 NULL AS `ts`,
 NULL AS `detail`,
 NULL AS `version` */;
SET character_set_client = @saved_cs_client;
DROP TABLE IF EXISTS `installs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `installs` (
  `host` varchar(255) NOT NULL,
  `name` varchar(250) NOT NULL,
  `service` varchar(64) NOT NULL,
  `endpoint` varchar(255) NOT NULL,
  `protocol` varchar(32) DEFAULT NULL,
  `state` varchar(16) NOT NULL,
  `fingerprint` char(64) DEFAULT NULL,
  `serial` varchar(64) DEFAULT NULL,
  `ts_expire` bigint(20) NOT NULL DEFAULT 0,
  `depth` int(11) NOT NULL DEFAULT 0,
  `ts` bigint(20) NOT NULL,
  `detail` varchar(500) DEFAULT NULL,
  `version` varchar(32) DEFAULT NULL,
  PRIMARY KEY (`host`,`name`,`service`,`endpoint`),
  KEY `installs_name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `installs` WRITE;
/*!40000 ALTER TABLE `installs` DISABLE KEYS */;
INSERT INTO `installs` VALUES
('web1','a.example.org','web','192.0.2.1:443','tls','served','ff','01',1905000000,2,1896000100,'served','0.1.0');
/*!40000 ALTER TABLE `installs` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `orders`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `orders` (
  `name` varchar(250) NOT NULL,
  `slot` int(11) NOT NULL,
  `ca_name` varchar(64) NOT NULL,
  `account` varchar(1000) DEFAULT NULL,
  `key_sha256` char(64) DEFAULT NULL,
  `url` varchar(1000) DEFAULT NULL,
  `state` varchar(16) NOT NULL,
  `ts_created` bigint(20) NOT NULL,
  `ts_state` bigint(20) DEFAULT NULL,
  `ts_expires` bigint(20) DEFAULT NULL,
  `directory` varchar(1000) DEFAULT NULL,
  PRIMARY KEY (`name`,`slot`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `orders` WRITE;
/*!40000 ALTER TABLE `orders` DISABLE KEYS */;
INSERT INTO `orders` VALUES
('b.example.org',0,'le','https://ca.example/acct/1','bb','https://ca.example/order/9','finalized',1796003359,NULL,NULL,NULL),
('d.example.org',0,'le','https://ca.example/acct/1','k','https://ca.example/order/9','parked',1896000000,1896000500,1896600000,NULL);
/*!40000 ALTER TABLE `orders` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `proofs`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `proofs` (
  `id` char(64) NOT NULL,
  `name` varchar(250) NOT NULL,
  `slot` int(11) NOT NULL,
  `lease_owner` varchar(128) NOT NULL,
  `type` varchar(16) NOT NULL,
  `zone` varchar(255) DEFAULT NULL,
  `server` varchar(255) DEFAULT NULL,
  `owner` varchar(1000) NOT NULL,
  `value` varchar(1000) NOT NULL,
  `ts_created` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `proofs_lease` (`lease_owner`,`ts_created`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `proofs` WRITE;
/*!40000 ALTER TABLE `proofs` DISABLE KEYS */;
INSERT INTO `proofs` VALUES
('p1','b.example.org',0,'centre/1','dns-01','example.org','192.0.2.53','_acme-challenge.b.example.org','xyz',1879990001);
/*!40000 ALTER TABLE `proofs` ENABLE KEYS */;
UNLOCK TABLES;
DROP TABLE IF EXISTS `schema_version`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `schema_version` (
  `version` int(11) NOT NULL,
  `min_reader` int(11) NOT NULL,
  `min_writer` int(11) NOT NULL,
  `ts_applied` bigint(20) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `schema_version` WRITE;
/*!40000 ALTER TABLE `schema_version` DISABLE KEYS */;
INSERT INTO `schema_version` VALUES
(1,1,1,1795954592),
(2,1,1,1795981284),
(3,1,1,1796003358);
/*!40000 ALTER TABLE `schema_version` ENABLE KEYS */;
UNLOCK TABLES;
/*!50001 DROP VIEW IF EXISTS `host_certs`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_cs_results         = @@character_set_results */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb4 */;
/*!50001 SET character_set_results     = utf8mb4 */;
/*!50001 SET collation_connection      = utf8mb4_general_ci */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`certrepo`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `host_certs` AS select `certs`.`name` AS `name`,`certs`.`enable` AS `enable`,`certs`.`crt` AS `crt`,`certs`.`ca` AS `ca`,`certs`.`md5_ca` AS `md5_ca`,`certs`.`ts_expire` AS `ts_expire`,(select max(`schema_version`.`min_reader`) from `schema_version`) AS `min_reader` from `certs` */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET character_set_results     = @saved_cs_results */;
/*!50001 SET collation_connection      = @saved_col_connection */;
/*!50001 DROP VIEW IF EXISTS `host_installs`*/;
/*!50001 SET @saved_cs_client          = @@character_set_client */;
/*!50001 SET @saved_cs_results         = @@character_set_results */;
/*!50001 SET @saved_col_connection     = @@collation_connection */;
/*!50001 SET character_set_client      = utf8mb4 */;
/*!50001 SET character_set_results     = utf8mb4 */;
/*!50001 SET collation_connection      = utf8mb4_general_ci */;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`certrepo`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `host_installs` AS select `installs`.`host` AS `host`,`installs`.`name` AS `name`,`installs`.`service` AS `service`,`installs`.`endpoint` AS `endpoint`,`installs`.`protocol` AS `protocol`,`installs`.`state` AS `state`,`installs`.`fingerprint` AS `fingerprint`,`installs`.`serial` AS `serial`,`installs`.`ts_expire` AS `ts_expire`,`installs`.`depth` AS `depth`,`installs`.`ts` AS `ts`,`installs`.`detail` AS `detail`,`installs`.`version` AS `version` from `installs` */;
/*!50001 SET character_set_client      = @saved_cs_client */;
/*!50001 SET character_set_results     = @saved_cs_results */;
/*!50001 SET collation_connection      = @saved_col_connection */;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

